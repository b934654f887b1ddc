// SPDX-License-Identifier: Apache-2.0
// Tables and the text in them: widths, cutting, colour.
#include "cmd/table.h"

#include <gtest/gtest.h>

namespace jobq::cmd {
namespace {

Terminal of_width(std::size_t columns) { return {true, columns, 24, false, true}; }

Table example() {
  Table table({{"JOB", true}, {"NAME", false, 6}, {"REASON", false, 8}});
  table.add({"7", "short", "it waits"});
  table.add({"1234", "a-much-longer-name", "it waits for what others hold"});
  return table;
}

TEST(Table, is_as_wide_as_its_content_where_there_is_no_terminal) {
  EXPECT_EQ(example().take_text({}),
            " JOB  NAME                REASON\n"
            "   7  short               it waits\n"
            "1234  a-much-longer-name  it waits for what others hold\n");
}

TEST(Table, fits_the_terminal_and_cuts_the_widest_first) {
  const std::string text = example().take_text(of_width(36));
  EXPECT_EQ(text,
            " JOB  NAME            REASON\n"
            "   7  short           it waits\n"
            "1234  a-much-longer…  it waits for …\n");
}

TEST(Table, cuts_the_line_where_nothing_gives_any_more) {
  const std::string text = example().take_text(of_width(12));
  EXPECT_EQ(text,
            " JOB  NAME\n"
            "   7  short\n"
            "1234  a-muc…\n");
}

TEST(Table, can_be_taken_by_parts_that_stay_in_line) {
  Table table({{"A"}, {"B"}});
  table.add({"wide-one", "x"});
  EXPECT_EQ(table.take_text({}), "A         B\nwide-one  x\n");
  EXPECT_EQ(table.rows(), 0U);
  table.add({"y", "z"});
  EXPECT_EQ(table.take_text({}), "y         z\n");
}

TEST(Table, counts_characters_not_bytes) {
  Table table({{"NAME"}, {"X"}});
  table.add({"Grüße", "1"});
  EXPECT_EQ(table.take_text({}), "NAME   X\nGrüße  1\n");
}

TEST(Table, colours_cells_without_moving_them) {
  Terminal terminal = of_width(40);
  terminal.colour = true;
  Table table({{"S"}, {"N"}});
  table.add({Cell("JE", Colour::kRed), "1"});
  EXPECT_EQ(table.take_text(terminal), "\x1b[1mS\x1b[0m   \x1b[1mN\x1b[0m\n\x1b[31mJE\x1b[0m  1\n");
}

TEST(Printable, takes_the_teeth_from_control_characters) {
  EXPECT_EQ(printable("a\x1b[2Jb\n"), "a?[2Jb?");
  EXPECT_EQ(printable("\xc2\x9b"
                      "1m"),
            "??1m");
  EXPECT_EQ(printable("Grüße"), "Grüße");
}

TEST(CutTo, leaves_whole_characters) {
  EXPECT_EQ(cut_to("Grüße", 5, of_width(0)), "Grüße");
  EXPECT_EQ(cut_to("Grüße", 4, of_width(0)), "Grü…");
  EXPECT_EQ(cut_to("Grüße", 4, {}), "Grü~");
  EXPECT_EQ(cut_to("Grüße", 0, {}), "");
}

}  // namespace
}  // namespace jobq::cmd
