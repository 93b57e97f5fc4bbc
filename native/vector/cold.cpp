#include "cold.h"

#include <algorithm>

#ifndef _WIN32
#include <sys/mman.h>
#endif

namespace kairank {

namespace {

constexpr size_t kWindow = size_t{16} << 10;  // what is asked for at once: several requests cost more than a longer one
constexpr size_t kLongest = size_t{128} << 10;  // what every system takes in one call

void advise(const uint8_t* from, size_t bytes) {
#ifdef MADV_WILLNEED
  // A refusal costs only time.
  madvise(const_cast<uint8_t*>(from), bytes, MADV_WILLNEED);  // NOLINT: the system takes no pointer to const
#else
  (void)from;
  (void)bytes;
#endif
}

}  // namespace

void ColdPages::watch(ColdPart part, const uint8_t* base, size_t stride, size_t bytes) {
  Span& span = spans_[static_cast<size_t>(part)];
  const size_t words = bytes / kWindow / 64 + 1;
  span.asked = std::make_unique<std::atomic<uint64_t>[]>(words);
  for (size_t i = 0; i < words; i++) span.asked[i].store(0, std::memory_order_relaxed);
  span.base = base;
  span.stride = stride;
  span.bytes = bytes;
}

/// Windows that hold the bytes [begin, end), those next to each other in one call.
void ColdPages::ask(const Span& span, size_t begin, size_t end) const {
  size_t from = 0, to = 0;
  const auto flush = [&] {
    if (to > from) advise(span.base + from, std::min(to, span.bytes) - from);
  };
  for (size_t window = begin / kWindow; window * kWindow < std::min(end, span.bytes); window++) {
    std::atomic<uint64_t>& word = span.asked[window / 64];
    const uint64_t bit = uint64_t{1} << (window % 64);
    if (word.load(std::memory_order_relaxed) & bit || word.fetch_or(bit, std::memory_order_relaxed) & bit) continue;
    if (to != window * kWindow || to - from >= kLongest) {
      flush();
      from = window * kWindow;
    }
    to = (window + 1) * kWindow;
  }
  flush();
}

void ColdPages::want(ColdPart part, const uint32_t* rows, size_t count) const {
  const Span& span = spans_[static_cast<size_t>(part)];
  if (!span.base) return;
  for (size_t i = 0; i < count; i++) ask(span, rows[i] * span.stride, (rows[i] + size_t{1}) * span.stride);
}

void ColdPages::wantRange(ColdPart part, uint32_t first, uint32_t last) const {
  const Span& span = spans_[static_cast<size_t>(part)];
  if (span.base) ask(span, first * span.stride, last * span.stride);
}

}  // namespace kairank
