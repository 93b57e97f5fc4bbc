#include "topk.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>

namespace kairank {
namespace {

constexpr float kLowest = -std::numeric_limits<float>::infinity();
constexpr size_t kSmallestBlock = 64;
constexpr size_t kLargestBlock = 8192;

/// Maps floats to integers of the same order; -0 and 0 to one integer, since they tie.
uint32_t orderedBits(float score) {
  const float merged = score + 0.0f;
  uint32_t bits;
  std::memcpy(&bits, &merged, 4);
  return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}

float scoreOf(uint32_t ordered) {
  const uint32_t bits = (ordered & 0x80000000u) != 0 ? ordered & 0x7FFFFFFFu : ~ordered;
  float score;
  std::memcpy(&score, &bits, 4);
  return score;
}

}  // namespace

TopK::TopK(const KernelTable& table, size_t k) : table_(table), k_(k), threshold_(kLowest) {}

void TopK::push(const float* scores, size_t n, uint32_t firstRow) {
  // A block about as long as all before it lets about k scores through, so the blocks double in length.
  for (size_t first = 0; first < n && k_ != 0;) {
    const size_t wanted = std::min(std::max({kSmallestBlock, 2 * k_, offered_}), std::max(kLargestBlock, 2 * k_));
    const size_t length = std::min(wanted, n - first);
    pushBlock(scores + first, length, firstRow + static_cast<uint32_t>(first));
    first += length;
  }
}

void TopK::pushBlock(const float* scores, size_t n, uint32_t firstRow) {
  if (scanned_.size() < n) scanned_.resize(n);
  const size_t found = table_.scanAbove(scores, n, threshold_, scanned_.data());
  if (best_.size() + found < k_) keepLeftovers(scores, n, firstRow);
  best_.reserve(best_.size() + found);
  for (size_t i = 0; i < found; ++i) {
    const uint32_t position = scanned_[i];
    best_.push_back(static_cast<uint64_t>(orderedBits(scores[position])) << 32 | ~(firstRow + position));
  }
  offered_ += n;
  if (best_.size() >= 2 * k_) cut();
}

void TopK::keepLeftovers(const float* scores, size_t n, uint32_t firstRow) {
  for (size_t i = 0; i < n; ++i) {
    if (scores[i] == kLowest && lowest_.size() < k_) lowest_.push_back(firstRow + static_cast<uint32_t>(i));
    if (scores[i] != scores[i] && nan_.size() < k_) nan_.push_back(firstRow + static_cast<uint32_t>(i));
  }
}

void TopK::cut() {
  if (best_.size() < k_) return;
  std::nth_element(best_.begin(), best_.begin() + static_cast<ptrdiff_t>(k_ - 1), best_.end(), std::greater<>());
  best_.resize(k_);
  threshold_ = scoreOf(static_cast<uint32_t>(best_[k_ - 1] >> 32));
}

size_t TopK::finish(uint32_t* rows, float* scores) {
  if (best_.size() > k_) cut();
  std::sort(best_.begin(), best_.end(), std::greater<>());
  size_t written = 0;
  const auto write = [&](uint32_t row, float score) {
    rows[written] = row;
    if (scores != nullptr) scores[written] = score;
    ++written;
  };
  for (const uint64_t entry : best_) write(~static_cast<uint32_t>(entry), scoreOf(static_cast<uint32_t>(entry >> 32)));
  for (size_t i = 0; i < lowest_.size() && written < k_; ++i) write(lowest_[i], kLowest);
  for (size_t i = 0; i < nan_.size() && written < k_; ++i) write(nan_[i], std::numeric_limits<float>::quiet_NaN());
  best_.clear();
  lowest_.clear();
  nan_.clear();
  threshold_ = kLowest;
  offered_ = 0;
  return written;
}

size_t selectTop(const KernelTable& table, const float* scores, size_t n, size_t k, uint32_t* rows, float* outScores) {
  TopK best(table, std::min(k, n));
  best.push(scores, n, 0);
  return best.finish(rows, outScores);
}

}  // namespace kairank
