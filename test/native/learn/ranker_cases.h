#pragma once
// Made-up cases for the ranker, and its network in double precision.

#include <algorithm>
#include <cmath>
#include <vector>

#include "../../../native/include/random.h"
#include "../../../native/learn/ranker/table.h"
#include "../rank/inputs_by_hand.h"

/// Made-up candidates: inputs about numbers of any size, the blend's own score falling from 0.
inline std::vector<kairank::RankerCase> randomCases(kairank::Random& random, size_t count, size_t rows) {
  std::vector<kairank::RankerCase> out(count);
  for (kairank::RankerCase& one : out) {
    double below = 0;
    for (size_t r = 0; r < rows; r++) {
      for (size_t i = 0; i < kairank::kRankerInputs; i++) {
        // One input never varies.
        const double value = i == 5 ? 3 : random.normal() * static_cast<double>(1 + i % 4) + static_cast<double>(i % 3);
        one.inputs.push_back(static_cast<float>(value));
      }
      one.inputs[r * kairank::kRankerInputs + blendInputByHand()] = static_cast<float>(-below);
      below += random.uniform() * 0.3;
    }
    for (size_t t = random.below(4); t > 0; t--) one.targets.push_back(static_cast<uint32_t>(random.below(rows)));
    one.wanted = static_cast<uint32_t>(one.targets.size() + random.below(2));
  }
  return out;
}

inline std::vector<double> inputsOf(const kairank::RankerCase& one, size_t row) {
  const auto first = one.inputs.begin() + static_cast<std::ptrdiff_t>(row * kairank::kRankerInputs);
  return std::vector<double>(first, first + static_cast<std::ptrdiff_t>(kairank::kRankerInputs));
}
