#pragma once
// What of a mapped file has been asked for. Right after an index was opened, every page that a search touches comes
// from the disk, and a thread that touches one waits for it alone: a search that knows which rows it will read next
// asks for all of them first, and the disk brings them together.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace kairank {

/// Arrays of rows that searches read.
enum class ColdPart : uint8_t { vectors, codes8, walked, links, upperLinks, ids };

class ColdPages {
 public:
  /// A mapped array of rows of `stride` bytes. Before other threads know this object.
  void watch(ColdPart part, const uint8_t* base, size_t stride, size_t bytes);

  /// Asks for rows, without waiting; those that were asked for before cost almost nothing.
  void want(ColdPart part, const uint32_t* rows, size_t count) const;
  void want(ColdPart part, uint32_t row) const { want(part, &row, 1); }
  /// Rows [first, last).
  void wantRange(ColdPart part, uint32_t first, uint32_t last) const;

 private:
  static constexpr size_t kParts = 6;

  struct Span {
    const uint8_t* base = nullptr;
    size_t stride = 0;
    size_t bytes = 0;
    std::unique_ptr<std::atomic<uint64_t>[]> asked;  // a bit a window
  };

  void ask(const Span& span, size_t begin, size_t end) const;

  std::array<Span, kParts> spans_;
};

}  // namespace kairank
