// SPDX-License-Identifier: Apache-2.0
// The scanner is tried on snippets, so that the rules of the tree can be believed.
#include "tests/tidy/scanner.h"

#include <gtest/gtest.h>

namespace jobq::tidy {
namespace {

std::vector<Function> functions_in(std::string_view text) {
  return find_functions(split_views(text).code);
}

std::string names_in(std::string_view text) {
  std::string names;
  for (const Function& function : functions_in(text)) {
    names += (names.empty() ? "" : " ") + function.name + ":" + std::to_string(function.lines());
  }
  return names;
}

TEST(Views, CommentsAndStringsAreTakenOut) {
  const Views views = split_views("int a; // b\nauto c = \"d /* e\"; /* f\n */ int g;");
  EXPECT_EQ(views.code, "int a;     \nauto c = \"      \";     \n    int g;");
  EXPECT_EQ(views.code_strings, "int a;     \nauto c = \"d /* e\";     \n    int g;");
  EXPECT_EQ(views.comments, "       // b\n                   /* f\n */       ");
}

TEST(Views, EscapedQuotesDoNotEndALiteral) {
  EXPECT_EQ(split_views(R"(f("a\"b", '\'', '"'); g)").code, R"(f("    ", '  ', ' '); g)");
}

TEST(Views, RawStringsEndAtTheirOwnDelimiter) {
  const Views views = split_views("auto a = R\"x({ \" )\" })x\"; b{}");
  EXPECT_EQ(views.code, "auto a = R\"            \"; b{}");
}

TEST(Views, DigitSeparatorsAreNoLiterals) {
  EXPECT_EQ(split_views("int a = 1'000; int b{0xFF'FF};").code, "int a = 1'000; int b{0xFF'FF};");
}

TEST(Functions, FreeMemberAndNestedOnesAreFoundOnce) {
  EXPECT_EQ(names_in("namespace a {\nint f(int b) {\n  if (b) { return 1; }\n  return 2;\n}\n"
                     "struct S : T {\n  int m() const { return 1; }\n  int x = 0;\n};\n}\n"),
            "f:4 m:1");
}

TEST(Functions, ALambdaBelongsToTheFunctionAroundIt) {
  EXPECT_EQ(names_in("void f() {\n  auto g = [](int a) {\n    return a;\n  };\n}\nvoid h() {}\n"),
            "f:5 h:1");
}

TEST(Functions, ConstructorInitialisersAreNotTheBody) {
  EXPECT_EQ(names_in("A::A(int b) : a_{b},\n  c_(1), d_{2} {\n  work();\n}\nint f() { return 1; }"),
            "A::A:4 f:1");
}

TEST(Functions, DefaultArgumentsInBracesAreNotTheBody) {
  EXPECT_EQ(names_in("int f(S s = {},\n      T t = T{1}) {\n  return 1;\n}\n"), "f:4");
}

TEST(Functions, TypesAndTablesAreNotFunctions) {
  EXPECT_EQ(names_in("enum class E : int {\n  kA,\n  kB\n};\n"
                     "constexpr std::array kTable = {\n  Row{1, {2}},\n  Row{3, {}},\n};\n"
                     "template <typename T = decltype(f())>\nclass alignas(64) C {\n public:\n"
                     "  T get() { return t_; }\n  T t_{};\n};\n"),
            "get:1");
}

TEST(Functions, TrailingReturnTypesAndOperatorsAreUnderstood) {
  EXPECT_EQ(names_in("auto f() -> std::vector<int> {\n return {};\n}\n"
                     "bool operator==(A a, B b) {\n  return true;\n}\n"),
            "f:3 operator==:3");
}

TEST(Functions, BracesInLiteralsCommentsAndMacrosDoNotCount) {
  EXPECT_EQ(names_in("#define OPEN {{ \\\n  {\nvoid f() {\n  g('{', \"{{\", R\"({)\");  // {\n}\n"),
            "f:3");
}

TEST(Includes, BothKindsAreReadWithTheirLines) {
  const auto includes = find_includes(
      split_views("#include <map>\n// #include <set>\n# include \"a/b.h\"\n").code_strings);
  ASSERT_EQ(includes.size(), 2U);
  EXPECT_EQ(includes[0].target, "map");
  EXPECT_FALSE(includes[0].quoted);
  EXPECT_EQ(includes[1].target, "a/b.h");
  EXPECT_TRUE(includes[1].quoted);
  EXPECT_EQ(includes[1].line, 3);
}

}  // namespace
}  // namespace jobq::tidy
