#pragma once
// Address space that is reserved once and filled as it is needed: what lies in it never moves, and row r of an array
// is at base + r * stride for ever, so that readers need no lock and kernels no table of chunks.

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace kairank {

class Region {
 public:
  Region() = default;
  ~Region();
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  /// Reserves room for `most` bytes; takes no memory yet. Once, before anything else.
  /// @throws std::bad_alloc when the system gives no address space.
  void reserve(size_t most);

  /// Makes the first `bytes` bytes usable (zeroed where they are new). One thread at a time; readers go on.
  /// @throws std::bad_alloc beyond what was reserved, or when there is no memory.
  void ensure(size_t bytes);

  /// Puts the bytes of a file at the beginning, copy on write: they are read when they are touched, page by page, and
  /// what is written stays in memory. Behind them, to the end of the page, may be anything. Before the first `ensure`;
  /// returns false where the system cannot, and the caller reads the bytes instead.
  bool map(int file, uint64_t offset, size_t bytes);

  uint8_t* data() const { return base_; }
  /// Usable bytes, whole pages.
  size_t size() const { return committed_; }

  /// Bytes behind the end that a kernel may read, and that mean nothing.
  static constexpr size_t kSlack = 256;

 private:
  void* reservation_ = nullptr;
  size_t reserved_ = 0;
  uint8_t* base_ = nullptr;
  size_t most_ = 0;
  size_t committed_ = 0;
  size_t mapped_ = 0;  // of them a file's
  bool advised_ = false;
};

/// An array of T in a region; T is valid as zero bytes. Elements that other threads read meanwhile are atomics.
template <typename T>
class RegionArray {
 public:
  void reserve(size_t most) { region_.reserve(most * sizeof(T)); }
  void ensure(size_t count) { region_.ensure(count * sizeof(T)); }
  T* data() const { return reinterpret_cast<T*>(region_.data()); }
  T& operator[](size_t i) const { return data()[i]; }
  Region& region() { return region_; }
  const Region& region() const { return region_; }

 private:
  Region region_;
};

/// One bit a row, set and read by any thread; grown by one.
class RowBits {
 public:
  void reserve(size_t rows) { words_.reserve(rows / 64 + 1); }
  void ensure(size_t rows) { words_.ensure(rows / 64 + 1); }

  bool has(uint32_t row) const { return (words_[row >> 6].load(std::memory_order_relaxed) >> (row & 63)) & 1; }
  void set(uint32_t row) { words_[row >> 6].fetch_or(uint64_t{1} << (row & 63), std::memory_order_release); }
  void clear(uint32_t row) { words_[row >> 6].fetch_and(~(uint64_t{1} << (row & 63)), std::memory_order_release); }
  /// Sets the first `rows` bits at once; before other threads know this object.
  void setFirst(uint32_t rows) {
    for (size_t word = 0; word < rows / 64; word++) words_[word].store(~uint64_t{0}, std::memory_order_relaxed);
    for (uint32_t row = rows / 64 * 64; row < rows; row++) set(row);
  }
  uint64_t word(size_t index) const { return words_[index].load(std::memory_order_acquire); }

  RegionArray<std::atomic<uint64_t>>& words() { return words_; }
  const RegionArray<std::atomic<uint64_t>>& words() const { return words_; }

 private:
  RegionArray<std::atomic<uint64_t>> words_;
};

}  // namespace kairank
