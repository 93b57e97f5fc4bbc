#pragma once
// What the methods of NativeIndex are given, checked and copied.

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "../vector/index.h"

namespace kairank {

constexpr uint32_t kMaxThreads = 1024;
constexpr double kMaxWait = 1e9;              // milliseconds of a deadline
constexpr size_t kMaxHits = size_t{1} << 27;  // results of one call

/// What an index is made with.
struct IndexOptions {
  IndexSettings settings;
  bool stringIds = true;
  size_t queueLimit = 0;
};
IndexOptions indexOptionsOf(const Napi::Value& value);

/// An array of strings or a Float64Array, as the index has its ids.
KeyList keysOf(const Napi::Value& value, bool strings);

/// One id, as a list.
KeyList keyOf(const Napi::Value& value, bool strings);

/// A copy of vectors that an index can take: of `count` of them, or of as many as there are.
std::vector<float> vectorsOf(const Napi::Value& value, const char* name, uint32_t dim, size_t count);
std::vector<float> vectorsOf(const Napi::Value& value, const char* name, uint32_t dim);

/// The path of a file: a string without NUL.
std::string pathTextOf(const Napi::Value& value);

/// Searches that may wait.
size_t queueLimitOf(const Napi::Value& value);

SearchPath pathOf(const Napi::Value& value);

/// A number of threads; 0 stands for as many as the process may keep busy.
uint32_t threadsOf(const Napi::Value& value);

/// Milliseconds from now; 0 is none.
void readDeadline(const Napi::Value& value, bool& has, Interrupt::Clock::time_point& deadline);

}  // namespace kairank
