#pragma once
// AdamW (Loshchilov & Hutter 2019) over ranges of one flat array of weights.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kairank {

struct AdamSettings {
  double rate = 1e-3;
  double first = 0.9;
  double second = 0.98;
  double epsilon = 1e-8;
  double decay = 0;  // of the weights, each step, times the rate
};

/// Running means of the gradients and of their squares.
struct AdamState {
  std::vector<float> first;
  std::vector<float> second;
};

/// One step, the `step`-th (from 1), of `count` weights from `begin` on, whose gradients times `scale` are taken.
void adamStep(const AdamSettings& settings, uint64_t step, float scale, const float* gradient, size_t begin,
              size_t count, std::vector<float>& weights, AdamState& state);

}  // namespace kairank
