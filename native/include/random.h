#pragma once
// Random numbers that are the same on every platform (the standard library's distributions are not).

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace kairank {

/// SplitMix64 (Steele et al. 2014).
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15ull;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }
  /// Within [0, 1).
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  /// A whole number below n.
  size_t below(size_t n) { return static_cast<size_t>(uniform() * static_cast<double>(n)); }
  /// Standard normal (Box and Muller 1958).
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(6.283185307179586 * uniform());
  }

 private:
  uint64_t state_;
};

/// A seed of its own for each pair of numbers, such as an epoch and a part of it.
inline uint64_t seedOf(uint64_t seed, uint64_t a, uint64_t b) {
  return Random(seed + a * 0xD1342543DE82EF95ull + b * 0x9E6C63D0876A9A35ull).next();
}

/// Every order is as likely (Fisher & Yates 1938, from the end).
template <typename T>
void shuffle(std::vector<T>& values, Random& random) {
  for (size_t i = values.size(); i > 1; i--) std::swap(values[i - 1], values[random.below(i)]);
}

}  // namespace kairank
