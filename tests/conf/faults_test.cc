// SPDX-License-Identifier: Apache-2.0
// Every fault of a ticket or class file says its place, what was found and what was expected.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "conf/ticket_file.h"

namespace jobq::conf {
namespace {

using testing::ElementsAre;

std::vector<std::string> faults_of(const std::string& text) {
  std::vector<std::string> lines;
  for (const Fault& fault : parse_file(text, "f").faults) lines.push_back(to_string(fault));
  return lines;
}

struct Case {
  std::string what;
  std::string text;
  std::string fault;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.what; }

class SingleFault : public testing::TestWithParam<Case> {};

TEST_P(SingleFault, IsReportedAtItsPlaceAndAlone) {
  EXPECT_THAT(faults_of(GetParam().text), ElementsAre(GetParam().fault));
}

const std::vector<Case> kSections = {
    {"EmptyFile", "", "f:1:1: expected a job: run, script or [[step]], or a class in [ticket]"},
    {"EmptyObject", " {}",
     "f:1:2: expected a job: run, script or [[step]], or a class in [ticket]"},
    {"ClassAndTicket", "run = 'x'\n[class]\nname = 'a'\nversion = '1'\n[ticket]\n",
     "f:5:2: a file has [class] or [ticket], not both"},
    {"UnknownSection", "run = 'x'\n[tickett]\n",
     "f:2:2: unknown key 'tickett' in the file; did you mean 'ticket'?"},
    {"MisplacedKey", "run = 'x'\npriority = 5\n",
     "f:2:1: 'priority' at the top; expected it in [ticket] or [class]"},
    {"RecurWithoutName", "run = 'x'\n[recur]\ncron = '* * * * *'\n",
     "f:2:1: a recurring ticket goes by its name; expected `name` in [ticket]"},
    {"RecurWithoutCron", "run = 'x'\n[ticket]\nname = 'n'\n[recur]\nzone = 'UTC'\n",
     "f:4:1: [recur] has no 'cron'; expected one, such as \"30 2 * * mon-fri\""},
    {"RecurOverlap",
     "run = 'x'\n[ticket]\nname = 'n'\n[recur]\ncron = '@daily'\noverlap = 'wait'\n",
     "f:6:11: expected one of skip, queue, allow, replace, found 'wait'"},
    {"RecurCron", "run = 'x'\n[ticket]\nname = 'n'\n[recur]\ncron = '0 0 30 2 *'\n",
     "f:5:8: calendar expression '0 0 30 2 *': no month that it names has such a day; it would "
     "never fire"},
    {"RecurClass", "run = 'x'\n[class]\nname = 'n'\nversion = '1'\n[recur]\ncron = '@daily'\n",
     "f:5:2: a class does not recur; expected [recur] in a ticket that names the class"},
    {"ExportWithoutTo", "run = 'x'\n[[export]]\nfrom = 'a'\n",
     "f:2:1: [[export]] has no to; expected one"},
    {"ExportOfNothing", "run = 'x'\n[[export]]\nfrom = ''\nto = 'area:a/b'\n",
     "f:3:8: expected the place of a file, found an empty one"},
    {"ExportKey", "run = 'x'\n[[export]]\nfrom = 'a'\nto = 'b'\nstreams = 2\n",
     "f:5:1: unknown key 'streams' in [[export]]"},
    {"SingleBrackets", "[step]\nname = 'a'\n",
     "f:1:1: expected a list of steps; in TOML each begins with [[step]], found a table"},
    {"TopBesideSteps", "run = 'x'\n[[step]]\nname = 'a'\nrun = 'y'\n",
     "f:1:1: 'run' beside [[step]]; expected it in a [[step]]"},
    {"TopWithAfter", "run = 'x'\nafter = ['a']\n",
     "f:2:1: 'after' at the top: the job has one step, and nothing for it to come after; expected "
     "it in a [[step]]"},
    {"ClassWithoutVersion", "run = 'x'\n[class]\nname = 'a'\n",
     "f:2:1: [class] has no version; expected one"},
    {"ClassWithoutSteps", "[class]\nname = 'a'\nversion = 1\n",
     "f:1:1: expected at least one step, found none"},
    {"NoSteps", R"({"step": []})", "f:1:10: expected at least one step, found none"},
};

const std::string kTime =
    "a time like \"2026-11-22T03:00:00Z\", local time like \"2026-11-22 03:00\" or \"03:00\", or "
    "\"+2h\" from the submission";

const std::vector<Case> kTickets = {
    {"UnknownTicketKey", "run = 'x'\n[ticket]\npriorty = 5\n",
     "f:3:1: unknown key 'priorty' in [ticket]; did you mean 'priority'?"},
    {"PriorityType", "run = 'x'\n[ticket]\npriority = '5'\n",
     "f:3:12: expected a whole number of 0 to 1000, found the string \"5\""},
    {"PriorityRange", "run = 'x'\n[ticket]\npriority = 1001\n",
     "f:3:12: expected a whole number of 0 to 1000, found the number 1001"},
    {"HoldType", "run = 'x'\n[ticket]\nhold = 1\n",
     "f:3:8: expected true or false, found the number 1"},
    {"TimeLimitText", "run = 'x'\n[ticket]\ntime_limit = 'soon'\n",
     "f:3:14: expected a duration like \"90s\", \"2h\", \"HH:MM:SS\" or \"D-HH:MM\", or whole "
     "seconds, found the string \"soon\""},
    {"TimeLimitZero", "run = 'x'\n[ticket]\ntime_limit = 0\n",
     "f:3:14: expected a duration longer than nothing, like \"2h\", found 0s"},
    {"TimeLimitHuge", "run = 'x'\n[ticket]\ntime_limit = 9223372036854775807\n",
     "f:3:14: expected a duration like \"90s\", \"2h\", \"HH:MM:SS\" or \"D-HH:MM\", or whole "
     "seconds, found the number 9223372036854775807"},
    {"SignalWithoutTime", "run = 'x'\n[ticket]\nsignal = 'USR1'\n",
     "f:3:10: 'USR1' does not say when; expected a signal and how long before the time limit, such "
     "as USR1@60 or TERM@2m"},
    {"SignalThatWarnsNobody", "run = 'x'\n[ticket]\nsignal = 'KILL@60'\n",
     "f:3:10: KILL cannot be caught, so it warns nobody; expected another signal"},
    {"SignalAtTop", "run = 'x'\nsignal = 'USR1@60'\n",
     "f:2:1: 'signal' at the top; expected it in [ticket] or [class]"},
    {"ArrayType", "run = 'x'\n[ticket]\narray = [0, 9]\n",
     "f:3:9: expected a string that is not empty, found a list"},
    {"ArrayText", "run = 'x'\n[ticket]\narray = '0..9'\n",
     "f:3:9: '0..9' is no index; expected a number such as 15, or a range such as 0-999 or 0-10:2"},
    {"ArrayHuge", "run = 'x'\n[ticket]\narray = '0-10000000'\n",
     "f:3:9: expected at most 10000000 elements, found 10000001; what is left can be an array of "
     "its own"},
    {"ArrayAtTop", "run = 'x'\narray = '0-9'\n",
     "f:2:1: 'array' at the top; expected it in [ticket] or [class]"},
    {"ElementName", "run = 'x'\n[ticket]\nelement = 'a b'\n",
     "f:3:11: expected a name of letters, digits, '.', '_' and '-', found the string \"a b\""},
    {"ElementOfNeeds", "run = 'x'\n[needs]\nelement = 5\n",
     "f:3:11: expected a name of letters, digits, '.', '_' and '-', found the number 5"},
    {"ElementAtTop", "run = 'x'\nelement = 'a'\n",
     "f:2:1: 'element' at the top; expected it in [ticket] or [class]"},
    {"AfterEnd", "run = 'x'\n[ticket]\nafter = [16, '17.finished']\n",
     "f:3:14: 'finished' is nothing that becomes of a job; expected done, error, ended or started, "
     "as in \"17.done\""},
    {"AfterNever", "run = 'x'\n[ticket]\nafter_never = 'wait'\n",
     "f:3:15: expected \"cancel\" or \"keep\", found the string \"wait\""},
    {"BeginForm", "run = 'x'\n[ticket]\nbegin = 'tomorrow'\n",
     "f:3:9: expected " + kTime + ", found the string \"tomorrow\""},
    {"DeadlineDate", "run = 'x'\n[ticket]\ndeadline = 2026-11-22\n",
     "f:3:12: expected " + kTime + ", found a date"},
    {"DeadlineNumber", "run = 'x'\n[ticket]\ndeadline = 3600\n",
     "f:3:12: expected " + kTime + ", found the number 3600"},
    {"BeginTooEarly", "run = 'x'\n[ticket]\nbegin = 1969-12-31T23:59:59Z\n",
     "f:3:9: expected a time of 1970 to 9999"},
    {"BeginAtTheTop", "run = 'x'\nbegin = '03:00'\n",
     "f:2:1: 'begin' at the top; expected it in [ticket] or [class]"},
    {"TimeAsText", "run = 'x'\n[ticket]\nname = 2026-11-21T20:00:00Z\n",
     "f:3:8: expected a string that is not empty, found the time 2026-11-21T20:00:00+00:00"},
    {"EnvType", "run = 'x'\n[ticket]\nenv = ['A=1']\n",
     "f:3:7: expected a table of strings, found a list"},
    {"EnvValue", "run = 'x'\n[ticket]\nenv = { A = 1.5 }\n",
     "f:3:13: expected a string, found a number with a fraction"},
    {"EnvName", "run = 'x'\n[ticket.env]\n'A=B' = '1'\n",
     "f:3:9: 'A=B' cannot be the name of an environment variable"},
    {"ParamDate", "run = 'x'\n[ticket.params]\nday = 2026-11-21\n",
     "f:3:7: expected a string, found a date"},
    {"ParamName", "run = 'x'\n[ticket.params]\njob = '1'\n",
     "f:3:7: 'job' is the name of a value of every job; choose another"},
    {"EmptyName", "run = 'x'\n[ticket]\nname = ''\n",
     "f:3:8: expected a string that is not empty, found the string \"\""},
    {"NameWithNewline", "run = 'x'\n[ticket]\nname = \"a\\nb\"\n",
     "f:3:8: a control character is in the text"},
    {"OutputLetter", "run = 'x'\n[ticket]\noutput = 'a%q'\n",
     "f:3:10: '%q' is not a letter of a pattern; expected %j or %A (job), %x (name), %s (step), %a "
     "(index), %t (attempt), %u (user), %N (node) or %%"},
    {"OnFailure", "run = 'x'\n[ticket]\non_failure = 'retry'\n",
     "f:3:14: expected \"stop\" or \"continue\", found the string \"retry\""},
    {"VersionAlone", "run = 'x'\n[ticket]\nversion = '1'\n",
     "f:3:1: 'version' is of a class; expected a class beside it"},
    {"ClassAndSteps", "run = 'x'\n[ticket]\nclass = 'a'\n",
     "f:1:1: 'run' cannot stand in a ticket that names a class"},
    {"ClassAndNeeds", "[ticket]\nclass = 'a'\n[needs]\ncpus = 1\n",
     "f:3:2: 'needs' cannot stand in a ticket that names a class"},
    {"ClassAndOnFailure", "[ticket]\nclass = 'a'\non_failure = 'stop'\n",
     "f:3:1: 'on_failure' cannot stand in a ticket that names a class"},
    {"BadClassName", "[ticket]\nclass = 'a b'\n",
     "f:2:9: 'a b' is not a name of a class; expected letters, digits, '.', '_' and '-', a letter "
     "or digit first, at most 64"},
};

const std::vector<Case> kClasses = {
    {"ParamWithNothing", "run = 'x'\n[class]\nname = 'a'\nversion = '1'\nparams = { day = {} }\n",
     "f:5:18: parameter 'day' has no default; expected one, or required = true"},
    {"ParamWithBoth",
     "run = 'x'\n[class]\nname = 'a'\nversion = '1'\n[class.params]\n"
     "day = { required = true, default = 'x' }\n",
     "f:6:7: 'day' is required and has a default; one of them is in vain"},
    {"ParamShort", "run = 'x'\n[class]\nname = 'a'\nversion = '1'\nparams = { day = 'x' }\n",
     "f:5:18: expected a table for a parameter, found the string \"x\""},
    {"ParamsAlike",
     "run = 'x'\n[class]\nname = 'a'\nversion = '1'\n[class.params]\na-b = { default = '' }\n"
     "a_b = { default = '' }\n",
     "f:7:7: 'a-b' and 'a_b' would both be JOBQ_PARAM_A_B for the steps"},
    {"TwoElements",
     "run = 'x'\n[class]\nname = 'a'\nversion = '1'\nelement = 'fast'\n[needs]\nelement = 'slow'\n",
     "f:5:11: 'fast' is not the element in [needs], 'slow'; expected one of them"},
    {"BadElementName", "run = 'x'\n[class]\nname = 'a'\nversion = '1'\nelement = 'a b'\n",
     "f:5:11: expected a name of letters, digits, '.', '_' and '-', found the string \"a b\""},
    {"LaterClassKey", "run = 'x'\n[class]\nname = 'a'\nversion = '1'\nworkdir = '/'\n",
     "f:5:1: 'workdir' in [class] is not supported yet by this version"},
};

std::string step(const std::string& rest) { return "[[step]]\nname = 'a'\nrun = 'x'\n" + rest; }

const std::vector<Case> kSteps = {
    {"UnknownStepKey", step("aftr = ['b']\n"),
     "f:4:1: unknown key 'aftr' in [[step]]; did you mean 'after'?"},
    {"NoName", "[[step]]\nrun = 'x'\n", "f:1:1: [[step]] has no name; expected one"},
    {"NameWithDot", "[[step]]\nname = 'a.b'\nrun = 'x'\n",
     "f:2:8: 'a.b' is not a name of a step; expected letters, digits, '_' and '-', a letter or "
     "digit first, at most 64"},
    {"ReservedName", "[[step]]\nname = 'cleanup'\nrun = 'x'\n",
     "f:2:8: 'cleanup' is the name of the cleanup step; choose another"},
    {"NameTwice", step("[[step]]\nname = 'a'\nrun = 'y'\n"),
     "f:5:8: step 'a' is there already, as step 1"},
    {"NoKind", "[[step]]\nname = 'a'\n",
     "f:1:1: [[step]] has no kind; expected one of run, script, spawn, wait, send, recv, give, "
     "dispose, inquire"},
    {"BothKinds", step("script = 'y'\n"),
     "f:4:1: [[step]] has both run and script; expected one of them"},
    {"SendWithoutEvent", "[[step]]\nname = 'a'\nsend = { to = 'x' }\n",
     "f:3:8: send has no event; expected both to and event"},
    {"RecvWithoutEvent", "[[step]]\nname = 'a'\nrecv = { from = 'x' }\n",
     "f:3:8: recv has no event; expected the name of one"},
    {"SpawnOfNothing", "[[step]]\nname = 'a'\nspawn = { wait = true }\n",
     "f:3:9: spawn has no class and no steps; expected one of them"},
    {"SpawnOfBoth", "[[step]]\nname = 'a'\nspawn = { class = 'x', run = 'true' }\n",
     "f:3:24: 'run' cannot stand in a spawn that names a class"},
    {"SpawnWithAVersionOfNoClass", "[[step]]\nname = 'a'\nspawn = { run = 'x', version = '1' }\n",
     "f:3:32: a version is of a class, and the job has steps of its own"},
    {"SpawnedStep", "[[step]]\nname = 'a'\n[[step.spawn.step]]\nname = 'b'\nrun = 'x ${day}'\n",
     "f:5:7: no parameter is named 'day', as ${day} says; a shell variable is written $day or "
     "$${day}"},
    {"SpawnedCommand", "[[step]]\nname = 'a'\nspawn = { run = [], priority = 3 }\n",
     "f:3:17: expected a command, found none"},
    {"SpawnedFilesOfTheClient",
     "[[step]]\nname = 'a'\n[step.spawn]\ngive = { from = 'client:x', to = 'y' }\n",
     "f:4:8: a job that a step submits has no client:; carry the files by a step of the job around "
     "it"},
    {"SpawnedExport",
     "[[step]]\nname = 'a'\n[step.spawn]\nrun = 'x'\n[[step.spawn.export]]\nfrom = 'a'\nto = ''\n",
     "f:7:6: expected a place, found none"},
    {"SpawnedWithinSpawned",
     "[[step]]\nname = 'a'\n[[step.spawn.step]]\nname = 'b'\n[step.spawn.step.spawn]\nrun = ' '\n",
     "f:6:7: expected a command, found an empty one"},
    {"SpawnValue", "[[step]]\nname = 'a'\nspawn = { class = 'x', params = { a = '${day}' } }\n",
     "f:3:39: no parameter is named 'day', as ${day} says; a shell variable is written $day or "
     "$${day}"},
    {"WaitOfNothing", "[[step]]\nname = 'a'\nwait = []\n",
     "f:3:8: expected numbers or names of 1 to 1000 jobs, found 0"},
    {"WaitOfAFlag", "[[step]]\nname = 'a'\nwait = true\n",
     "f:3:8: expected the number or name of a job, found true"},
    {"WaitOfNoNumber", "[[step]]\nname = 'a'\nwait = ['17', '17,18']\n",
     "f:3:15: '17,18' is not the number of a job; expected a whole number from 1, and several of "
     "them as a list"},
    {"WaitOfACondition", "[[step]]\nname = 'a'\nwait = 'nightly.done'\n",
     "f:3:8: 'nightly.done': a wait step waits for the end, whatever it is; expected \"nightly\", "
     "and conditions on its event value behind it"},
    {"WaitWithNeeds", "[[step]]\nname = 'a'\nwait = 17\nneeds = { cpus = 1 }\n",
     "f:4:9: needs is of a process; a wait step has none"},
    {"GiveWithoutTo", "[[step]]\nname = 'a'\ngive = { from = 'n1:/x' }\n",
     "f:3:8: give has no to; expected one"},
    {"GiveToDevice", "[[step]]\nname = 'a'\ngive = { from = 'x', to = 'device:p' }\n",
     "f:3:27: a device stands in the `to` of an [[export]] only"},
    {"GiveStreams", "[[step]]\nname = 'a'\ngive = { from = 'x', to = 'y', streams = 17 }\n",
     "f:3:42: expected a whole number of 1 to 16, found the number 17"},
    {"InquireNumber", "[[step]]\nname = 'a'\ninquire = 5\n",
     "f:3:11: expected the place of a file, or a list of places, found the number 5"},
    {"GiveAndRun", step("give = { from = 'x', to = 'y' }\n"),
     "f:4:1: [[step]] has both run and give; expected one of them"},
    {"RetryWithoutMax", step("retry = { delay = '1m' }\n"),
     "f:4:9: retry has no max; expected how many further attempts there may be"},
    {"RetryOn", step("retry = { max = 2, on = ['failure', 'sunday'] }\n"),
     "f:4:25: expected \"failure\" or \"node-lost\", found the string \"sunday\""},
    {"RetryMax", step("retry = { max = 0 }\n"),
     "f:4:17: expected a whole number of 1 to 1000, found the number 0"},
    {"AgainWithoutMax", step("again = { to = 'a', when = 'failure' }\n"),
     "f:4:9: again has no max; expected how often it may go back"},
    {"AgainWithoutWhen", step("again = { to = 'a', max = 2 }\n"),
     "f:4:9: again has no when; expected how its step must end for that, like \"failure\" or "
     "\"event=VALUE\""},
    {"AgainWithoutTo", step("again = { when = 'failure', max = 2 }\n"),
     "f:4:9: again has no to; expected the step that it goes back to"},
    {"AgainMax", step("again = { to = 'a', when = 'failure', max = 1001 }\n"),
     "f:4:45: expected a whole number of 1 to 1000, found the number 1001"},
    {"AgainWhen", step("again = { to = 'a', when = 'sunday', max = 1 }\n"),
     "f:4:28: 'sunday' is no end of the step itself; expected \"success\", \"failure\", \"ended\" "
     "or \"event=VALUE\""},
    {"AgainWhenCancelled", step("again = { to = 'a', when = 'cancel', max = 1 }\n"),
     "f:4:28: a step that is cancelled never goes back; expected \"success\", \"failure\", "
     "\"ended\" or \"event=VALUE\""},
    {"AgainTo", step("again = { to = 'b', when = 'failure', max = 1 }\n"),
     "f:4:16: no step is named 'b'"},
    {"AgainKey", step("again = { to = 'a', when = 'failure', max = 1, delay = 5 }\n"),
     "f:4:48: unknown key 'delay' in again"},
    {"AgainInCleanup", "run = 'x'\n[cleanup]\nrun = 'y'\nagain = { to = 'main' }\n",
     "f:4:1: unknown key 'again' in [cleanup]"},
    {"RunType", "[[step]]\nname = 'a'\nrun = 5\n",
     "f:3:7: expected a list of words, or a string for /bin/sh, found the number 5"},
    {"RunEmpty", "[[step]]\nname = 'a'\nrun = []\n", "f:3:7: expected a command, found none"},
    {"RunBlank", "[[step]]\nname = 'a'\nrun = ' '\n",
     "f:3:7: expected a command, found an empty one"},
    {"RunWord", "[[step]]\nname = 'a'\nrun = ['x', ['y']]\n",
     "f:3:13: expected a string, found a list"},
    {"ScriptType", "[[step]]\nname = 'a'\nscript = ['x']\n",
     "f:3:10: expected a string, found a list"},
    {"ScriptBlank", "[[step]]\nname = 'a'\nscript = \"\\n\"\n",
     "f:3:10: expected a script, found an empty one"},
    {"ConditionForm", step("[[step]]\nname = 'b'\nrun = 'x'\nafter = ['a', 'a.done']\n"),
     "f:7:15: 'a.done' is not a condition; expected a step's name, or NAME.success, NAME.failure, "
     "NAME.cancel, NAME.ended or NAME.event=VALUE"},
    {"ConditionType", step("after = 5\n"),
     "f:4:9: expected a list of conditions, found the number 5"},
    {"UnknownStep",
     "[[step]]\nname = 'calc'\nrun = 'x'\n[[step]]\nname = 'b'\nrun = 'x'\n"
     "after_any = ['calc', 'cacl.failure']\n",
     "f:7:22: no step is named 'cacl'; did you mean 'calc'?"},
    {"AfterItself", step("after = 'a'\n"), "f:4:9: step 'a' cannot come after itself"},
    {"Circle",
     step("after = ['c', 'b.ended']\n[[step]]\nname = 'b'\nrun = 'x'\nafter = ['a']\n"
          "[[step]]\nname = 'c'\nrun = 'x'\n"),
     "f:4:15: steps wait for each other in a circle: a -> b -> a"},
    {"ExitRange", step("exit = { success = [1, 256] }\n"),
     "f:4:24: expected a whole number of 0 to 255, found the number 256"},
    {"ExitTwice", step("exit = { success = [1], cancel = [77, 1] }\n"),
     "f:4:39: exit code 1 is listed twice: success and cancel"},
    {"ExitKey", step("exit = { ok = 1 }\n"), "f:4:10: unknown key 'ok' in exit"},
    {"CleanupAfter", "run = 'x'\n[cleanup]\nrun = 'y'\nafter = ['main']\n",
     "f:4:1: unknown key 'after' in [cleanup]"},
    {"CleanupEmpty", "run = 'x'\n[cleanup]\n",
     "f:2:1: [cleanup] has no kind; expected one of run, script"},
};

const std::vector<Case> kNeeds = {
    {"CpusText", "run = 'x'\n[needs]\ncpus = '4'\n",
     "f:3:8: expected a whole number of 0 to 4294967295, found the string \"4\""},
    {"CpusNegative", "run = 'x'\n[needs]\ncpus = -1\n",
     "f:3:8: expected a whole number of 0 to 4294967295, found the number -1"},
    {"MemoryText", "run = 'x'\n[needs]\nmemory = '8Q'\n",
     "f:3:10: expected a size like \"8G\" or \"512M\", or whole bytes, found the string \"8Q\""},
    {"SlipOfCpus", "run = 'x'\n[needs]\ncpu = 4\n",
     "f:3:1: unknown key 'cpu' in needs; did you mean 'cpus'?"},
    {"SlipOfMemory", "run = 'x'\n[needs]\nmem = '4G'\n",
     "f:3:1: unknown key 'mem' in needs; did you mean 'memory'?"},
    {"SwappedLetters", "run = 'x'\n[needs]\nmemroy = 4\n",
     "f:3:1: unknown key 'memroy' in needs; did you mean 'memory'?"},
    {"Capital", "run = 'x'\n[needs]\nGPUs = 1\n",
     "f:3:1: unknown key 'GPUs' in needs; did you mean 'gpus'?"},
    {"FeatureNoText", "run = 'x'\n[needs]\nfeatures = 2\n",
     "f:3:12: expected a list of strings, or one string, found the number 2"},
    {"NoNodes", "run = 'x'\n[needs]\nnodes = 0\n",
     "f:3:9: expected a whole number of 1 to 65536, found the number 0"},
    {"CountType", "run = 'x'\n[needs]\nscratch = true\n",
     "f:3:11: expected a whole number of 0 or more, or one like \"100G\", found true"},
    {"CountName", "run = 'x'\n[needs]\n'a b' = 1\n", "f:3:1: 'a b' is not a name of a resource"},
    {"TokensType", "run = 'x'\n[needs]\ntokens = ['a']\n",
     "f:3:10: expected a table of names and whole numbers, found a list"},
    {"TokensZero", "run = 'x'\n[needs]\ntokens = { a = 0 }\n",
     "f:3:16: expected a whole number of 1 to 9223372036854775807, found the number 0"},
    {"ExclusiveType", "run = 'x'\n[needs]\nexclusive = ['a', 5]\n",
     "f:3:19: expected a string, found the number 5"},
    {"ExclusiveName", "run = 'x'\n[needs]\nexclusive = 'a b'\n",
     "f:3:13: 'a b' is not a name of a resource; expected letters, digits, '.', '_' and '-', a "
     "letter or digit first, at most 64"},
    {"HeldAlready", "[needs]\nexclusive = 'db'\n" + step("needs = { exclusive = ['db'] }\n"),
     "f:6:23: the job holds 'db' already, from its first step to its end; leave it out of the "
     "step"},
    {"NeedsType", "run = 'x'\nneeds = 4\n",
     "f:2:9: expected a table like { cpus = 4, memory = \"8G\" }, found the number 4"},
};

const std::vector<Case> kValues = {
    {"UnknownParam", "run = ['x', '${dya}']\n[ticket.params]\nday = '1'\n",
     "f:1:13: no parameter is named 'dya', as ${dya} says; a shell variable is written $dya or "
     "$${dya}; did you mean 'day'?"},
    {"InScript", "script = '''\necho 1\necho ${HOME}\n'''\n",
     "f:1:10: no parameter is named 'HOME', as ${HOME} says (line 2 of the text); a shell variable "
     "is written $HOME or $${HOME}"},
    {"UnknownForm", "run = 'x ${job.name}'\n",
     "f:1:7: there is no value ${job.name}; expected a parameter, ${job}, ${steps.NAME.event} or "
     "${steps.NAME.node}"},
    {"UnknownStepValue", step("[[step]]\nname = 'b'\nrun = 'y ${steps.aa.event}'\nafter = 'a'\n"),
     "f:6:7: no step is named 'aa', as ${steps.aa.event} says; did you mean 'a'?"},
    {"OwnValue", "run = 'x ${steps.main.event}'\n",
     "f:1:7: ${steps.main.event} has no value here: a step cannot use its own"},
    {"NotYet", step("[[step]]\nname = 'b'\nrun = 'y ${steps.a.event}'\n"),
     "f:6:7: ${steps.a.event} may have no value yet: 'b' does not come after 'a'"},
    {"JobText", step("[ticket]\nworkdir = '/w/${steps.a.node}'\n"),
     "f:5:11: ${steps.a.node} has no value here: this text is set before any step runs"},
};

std::string name_of(const testing::TestParamInfo<Case>& info) { return info.param.what; }

INSTANTIATE_TEST_SUITE_P(Sections, SingleFault, testing::ValuesIn(kSections), name_of);
INSTANTIATE_TEST_SUITE_P(Tickets, SingleFault, testing::ValuesIn(kTickets), name_of);
INSTANTIATE_TEST_SUITE_P(Classes, SingleFault, testing::ValuesIn(kClasses), name_of);
INSTANTIATE_TEST_SUITE_P(Steps, SingleFault, testing::ValuesIn(kSteps), name_of);
INSTANTIATE_TEST_SUITE_P(Needs, SingleFault, testing::ValuesIn(kNeeds), name_of);
INSTANTIATE_TEST_SUITE_P(Values, SingleFault, testing::ValuesIn(kValues), name_of);

TEST(Faults, AreAllReportedSortedByPlace) {
  EXPECT_THAT(faults_of("[ticket]\n"
                        "priority = 'high'\n"
                        "hodl = true\n"
                        "[[step]]\n"
                        "name = 'calc'\n"
                        "run = ['./calc', '${day}']\n"
                        "after = ['chek']\n"
                        "[[step]]\n"
                        "name = 'check'\n"
                        "needs = { cpus = 'two', memroy = 1 }\n"),
              ElementsAre("f:2:12: expected a whole number of 0 to 1000, found the string \"high\"",
                          "f:3:1: unknown key 'hodl' in [ticket]; did you mean 'hold'?",
                          "f:6:18: no parameter is named 'day', as ${day} says; a shell variable "
                          "is written $day or $${day}",
                          "f:7:10: no step is named 'chek'; did you mean 'check'?",
                          "f:8:1: [[step]] has no kind; expected one of run, script, spawn, wait, "
                          "send, recv, give, dispose, inquire",
                          "f:10:18: expected a whole number of 0 to 4294967295, found the string "
                          "\"two\"",
                          "f:10:25: unknown key 'memroy' in needs; did you mean 'memory'?"));
}

TEST(Faults, OfJsonHavePlacesToo) {
  EXPECT_THAT(
      faults_of("{\"ticket\": {\"name\": \"é\", \"hold\": 1},\n"
                "  \"step\": [{\"name\": \"a\", \"run\": [\"x\", \"${q}\"]},\n"
                "\t{\"name\": \"b\", \"run\": \"y\", \"after\": [\"a\",\"c\"], \"foo\":1}],\n"
                " \"needs\": {\"cpus\": 1.5, \"gpus\":99999999999999999999}}"),
      ElementsAre("f:1:34: expected true or false, found the number 1",
                  "f:2:39: no parameter is named 'q', as ${q} says; a shell variable is "
                  "written $q or $${q}",
                  "f:3:42: no step is named 'c'", "f:3:48: unknown key 'foo' in [[step]]",
                  "f:4:20: expected a whole number of 0 to 4294967295, found the number "
                  "1.5",
                  "f:4:32: expected a whole number of 0 to 4294967295, found the number "
                  "99999999999999999999"));
}

TEST(Faults, OfSyntaxAreOneWithItsPlace) {
  EXPECT_THAT(faults_of("run = 'x'\n[ticket\nname = 'a'\n").size(), 1U);
  EXPECT_EQ(parse_file("run = 'x'\n[ticket\nname = 'a'\n", "f").faults[0].line, 2U);
  EXPECT_THAT(faults_of("{\"run\": \"x\",\n \"ticket\" {}}"),
              ElementsAre("f:2:11: syntax error while parsing object separator - unexpected '{'; "
                          "expected ':'"));
  EXPECT_THAT(faults_of("{\"run\": \"x\"} x").size(), 1U);
}

TEST(Faults, SuggestNothingForFarWords) {
  EXPECT_THAT(faults_of("run = 'x'\nzebra = 1\n"), ElementsAre("f:2:1: unknown key 'zebra' in the "
                                                               "file"));
}

TEST(Faults, OfAClassWhereATicketIsWantedAndTheOtherWayRound) {
  const auto ticket = parse_ticket("run = 'x'\n[class]\nname = 'a'\nversion = '1'\n", "f");
  ASSERT_EQ(ticket.faults.size(), 1U);
  EXPECT_EQ(to_string(ticket.faults[0]), "f:2:2: this is a class; expected a ticket");
  const auto as_class = parse_class("run = 'x'\n", "f");
  ASSERT_EQ(as_class.faults.size(), 1U);
  EXPECT_EQ(to_string(as_class.faults[0]),
            "f:1:1: expected a class: a file with [class], name and version");
}

TEST(Faults, OfTheWholeFileHaveNoPlace) {
  EXPECT_EQ(to_string(Fault{"big.toml", 0, 0, "too long"}), "big.toml: too long");
}

}  // namespace
}  // namespace jobq::conf
