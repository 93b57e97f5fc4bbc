#pragma once
// Ids to dense numbers and back: lookup without locks from any thread, one number an id for as long as the process
// lives, and names in memory that never moves, so that an answer can be written out without asking anybody.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "../include/limits.h"
#include "chunked.h"

namespace kairank {

/// The bytes of an id. `ascii` lets JavaScript take them without decoding.
struct IdName {
  const char* data;
  uint32_t length;
  bool ascii;

  std::string_view view() const { return {data, length}; }
};

/// A dictionary of UTF-8 strings, numbered 0, 1, 2 ... in the order of arrival.
class IdTable {
 public:
  IdTable();
  ~IdTable();
  IdTable(const IdTable&) = delete;
  IdTable& operator=(const IdTable&) = delete;

  /// The number of an id, kNoRow when it has none.
  uint32_t find(std::string_view id) const;

  /// The number of an id, a new one when it had none. Throws Error(outOfMemory) beyond kMaxRows ids.
  uint32_t intern(std::string_view id);

  /// Of a number that `find` or `intern` gave.
  IdName name(uint32_t row) const;

  /// Numbers given so far; every smaller one has a name.
  uint32_t size() const { return count_.load(std::memory_order_acquire); }

 private:
  struct Slots;

  static uint32_t lookup(const IdTable& table, const Slots& slots, uint32_t hash, std::string_view id);
  const char* store(std::string_view id);
  void grow();

  std::atomic<Slots*> slots_;
  std::atomic<uint32_t> count_{0};
  ChunkedArray<std::atomic<const char*>> names_;  // of records: length and flag (u32), then the bytes

  std::mutex mutex_;  // of writers
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  size_t left_ = 0;
  size_t blockSize_;
};

/// Item ids, each with its durable key.
class ItemIds {
 public:
  uint32_t find(std::string_view id) const { return ids_.find(id); }
  IdName name(uint32_t row) const { return ids_.name(row); }
  uint32_t size() const { return ids_.size(); }

  /// The row of an id. A key of 0 is none; the first other key stays for ever, and another one for the same id throws
  /// Error(invalidArgument).
  uint32_t intern(std::string_view id, uint64_t key);

  /// 0 when the row has none yet.
  uint64_t key(uint32_t row) const;

 private:
  IdTable ids_;
  ChunkedArray<std::atomic<uint64_t>> keys_;
};

}  // namespace kairank
