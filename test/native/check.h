#pragma once
// Checks without a framework: a failed check prints where and what, the rest of the program goes on, and finish()
// returns the exit status. test("name", ...) prints 'name: ok' or 'name: FAILED'.

#include <cstdio>
#include <sstream>
#include <string>

namespace check {

struct State {
  int failures = 0;
  std::string group;  // what is being checked now, such as the target
};

inline State& state() {
  static State shared;
  return shared;
}

constexpr int kMostPrinted = 20;

inline void fail(const char* file, int line, const std::string& what) {
  if (++state().failures <= kMostPrinted) {
    std::printf("%s:%d: %s%s%s\n", file, line, state().group.c_str(), state().group.empty() ? "" : ": ", what.c_str());
  }
}

template <typename Body>
void test(const std::string& name, Body body) {
  const int before = state().failures;
  state().group = name;
  body();
  state().group.clear();
  std::printf("%s: %s\n", name.c_str(), state().failures == before ? "ok" : "FAILED");
}

inline int finish() {
  if (state().failures > 0) std::printf("%d checks failed\n", state().failures);
  return state().failures > 0 ? 1 : 0;
}

}  // namespace check

#define CHECK(condition)                                           \
  do {                                                             \
    if (!(condition)) check::fail(__FILE__, __LINE__, #condition); \
  } while (false)

/// Like CHECK, with words about the case: CHECK_THAT(a == b, "dim " << dim << " row " << row).
#define CHECK_THAT(condition, words)               \
  do {                                             \
    if (!(condition)) {                            \
      std::ostringstream text;                     \
      text << #condition << " (" << words << ")";  \
      check::fail(__FILE__, __LINE__, text.str()); \
    }                                              \
  } while (false)
