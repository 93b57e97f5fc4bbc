#include "optimiser.h"

#include <cmath>

namespace kairank {

void adamStep(const AdamSettings& settings, uint64_t step, float scale, const float* gradient, size_t begin,
              size_t count, std::vector<float>& weights, AdamState& state) {
  const float first = static_cast<float>(settings.first);
  const float second = static_cast<float>(settings.second);
  const double n = static_cast<double>(step);
  const float rate = static_cast<float>(settings.rate / (1 - std::pow(settings.first, n)));
  const float square = static_cast<float>(1 / (1 - std::pow(settings.second, n)));
  const float kept = static_cast<float>(1 - settings.rate * settings.decay);
  const float epsilon = static_cast<float>(settings.epsilon);
  float* w = weights.data() + begin;
  float* m = state.first.data() + begin;
  float* v = state.second.data() + begin;
  for (size_t i = 0; i < count; i++) {
    const float g = gradient[i] * scale;
    m[i] = first * m[i] + (1 - first) * g;
    v[i] = second * v[i] + (1 - second) * g * g;
    w[i] = kept * w[i] - rate * m[i] / (std::sqrt(v[i] * square) + epsilon);
  }
}

}  // namespace kairank
