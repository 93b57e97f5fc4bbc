#pragma once
// Repeatable numbers (splitmix64).

#include <cmath>
#include <cstdint>

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

  size_t below(size_t n) { return static_cast<size_t>(next() % n); }

  /// Uniform in [-1, 1).
  float signedUnit() { return static_cast<float>(static_cast<double>(next() >> 11) * 0x1p-52 - 1.0); }

  /// Of very different magnitudes and both signs, so that sums cancel.
  float spread() { return std::ldexp(signedUnit(), static_cast<int>(below(25)) - 12); }

 private:
  uint64_t state_;
};
