#include "content.h"

#include <algorithm>
#include <cmath>

#include "../dispatch/dispatch.h"

namespace kairank {

float toUnit(float* vector, size_t dim) {
  double square = 0;
  for (size_t d = 0; d < dim; d++) square += static_cast<double>(vector[d]) * vector[d];
  const float length = static_cast<float>(std::sqrt(square));
  if (!(length > 0)) return 0;
  for (size_t d = 0; d < dim; d++) vector[d] /= length;
  return length;
}

void readFeatures(const ModalityModel& modality, const uint32_t* features, const float* weights, size_t count,
                  std::vector<TowerInput>& inputs) {
  inputs.clear();
  double square = 0;
  for (size_t i = 0; i < count; i++) {
    const auto found = std::lower_bound(modality.features.begin(), modality.features.end(), features[i]);
    if (found == modality.features.end() || *found != features[i]) continue;
    const auto row = static_cast<uint32_t>(found - modality.features.begin());
    const double weight = static_cast<double>(weights[i]) * modality.rarity[row];
    square += weight * weight;
    inputs.push_back({row, weights[i]});
  }
  // In double until they are at unit length: the products of two floats may be too large, or too small, for a float.
  const double scale = square > 0 ? 1 / std::sqrt(square) : 0;
  for (TowerInput& input : inputs) {
    input.weight = static_cast<float>(static_cast<double>(input.weight) * modality.rarity[input.row] * scale);
  }
}

bool fuse(const std::vector<ModalityModel>& modalities, size_t dim, const float* spoken, const uint8_t* present,
          float* shares, float* out) {
  std::fill(out, out + dim, 0.0f);
  float largest = -INFINITY;
  for (size_t m = 0; m < modalities.size(); m++) {
    shares[m] = 0;
    if (!present[m]) continue;
    kernels().dotF32(modalities[m].attention.data(), spoken + m * dim, dim, 1, dim, &shares[m]);
    shares[m] += modalities[m].bias;
    largest = std::max(largest, shares[m]);
  }
  if (largest == -INFINITY) return false;
  float total = 0;
  for (size_t m = 0; m < modalities.size(); m++) {
    if (present[m]) total += shares[m] = std::exp(shares[m] - largest);
  }
  for (size_t m = 0; m < modalities.size(); m++) {
    if (!present[m]) continue;
    shares[m] /= total;
    kernels().axpyF32(shares[m], spoken + m * dim, out, dim);
  }
  return true;
}

bool encodeContent(const ContentModel& model, const ContentFeatures& content, uint32_t item, ContentScratch& scratch,
                   float* out, float* shares) {
  const size_t dim = model.dim;
  const size_t count = model.modalities.size();
  std::vector<uint8_t> present(count, 0);
  scratch.spoken.assign(count * dim, 0.0f);
  scratch.shares.resize(count);
  for (size_t m = 0; m < count; m++) {
    const ModalityModel& table = model.modalities[m];
    const Modality& modality = content.modalities[m];
    float* spoken = scratch.spoken.data() + m * dim;
    if (table.inputs > 0) {
      const float* vector = modality.vectors.data() + static_cast<size_t>(item) * table.inputs;
      double square = 0;
      for (uint32_t i = 0; i < table.inputs; i++) square += static_cast<double>(vector[i]) * vector[i];
      if (!(square > 0)) continue;
      const double scale = 1 / std::sqrt(square);
      for (uint32_t i = 0; i < table.inputs; i++) {
        kernels().axpyF32(static_cast<float>(vector[i] * scale), table.table.data() + i * dim, spoken, dim);
      }
      present[m] = 1;
      continue;
    }
    const uint64_t first = modality.offsets[item];
    readFeatures(table, modality.features.data() + first, modality.weights.data() + first,
                 modality.offsets[item + 1] - first, scratch.inputs);
    for (const TowerInput& input : scratch.inputs) {
      kernels().axpyF32(input.weight, table.table.data() + input.row * dim, spoken, dim);
    }
    present[m] = !scratch.inputs.empty();
  }
  const bool any = fuse(model.modalities, dim, scratch.spoken.data(), present.data(), scratch.shares.data(), out);
  if (shares) std::copy(scratch.shares.begin(), scratch.shares.end(), shares);
  return any && toUnit(out, dim) > 0;
}

bool shopperContent(const ContentModel& model, const HistoryEvent* events, size_t count, ContentScratch& scratch,
                    float* out) {
  const size_t dim = model.dim;
  std::fill(out, out + dim, 0.0f);
  collectVotes(events, count, model.items, model.decay, model.maxEvents, scratch.votes);
  for (const Vote& vote : scratch.votes) {
    kernels().axpyF32(vote.weight, model.vectors.data() + static_cast<size_t>(vote.row) * dim, out, dim);
    kernels().axpyF32(vote.weight, model.behaviour.data() + static_cast<size_t>(vote.row) * dim, out, dim);
  }
  return toUnit(out, dim) > 0;
}

}  // namespace kairank
