#pragma once
// What one step of the content tower works on. Items stand in it by their place in `items`: candidates first, then what
// is in histories alone.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "tower.h"

namespace kairank {

struct TowerTrainer::Batch {
  struct Had {
    uint32_t item;  // place in items; where it is turned round: the case, or the item that has a feature
    float weight;
  };

  size_t cases = 0;
  size_t candidates = 0;
  std::vector<uint32_t> items;
  std::vector<uint32_t> targets;  // places
  std::vector<Had> had;           // case c: hadOffsets[c] .. hadOffsets[c + 1], newest first
  std::vector<size_t> hadOffsets;

  // Forward.
  std::vector<float> spoken;     // items x modalities x dim
  std::vector<uint8_t> present;  // items x modalities
  std::vector<float> shares;     // the same
  std::vector<float> vectors;    // items x dim, at unit length
  std::vector<float> lengths;    // before
  std::vector<float> wanted;     // cases x dim, at unit length
  std::vector<float> wantedLengths;
  std::vector<float> scores;  // cases x candidates, then their gradients
  std::vector<float> raw;     // scores as they were
  std::vector<double> losses;
  std::vector<double> drifts;
  std::vector<std::vector<uint8_t>> kept;  // by modality: features that were not dropped, items one after another
  std::vector<std::vector<size_t>> keptOffsets;

  // Backward.
  std::vector<float> dWanted;
  std::vector<float> dVectors;
  std::vector<float> dScores;  // items x modalities
  std::vector<size_t> useOffsets;
  std::vector<Had> uses;  // of an item: the cases that had it
  std::vector<size_t> inputOffsets;
  std::vector<Had> inputs;     // of a feature: the items that have it
  std::vector<uint32_t> used;  // features that any has

  void begin(uint32_t catalogue) {
    if (place_.size() != catalogue) place_.assign(catalogue, kNone);
    for (uint32_t row : items) place_[row] = kNone;
    items.clear();
    targets.clear();
    had.clear();
    hadOffsets.assign(1, 0);
  }

  uint32_t add(uint32_t row) {
    if (place_[row] == kNone) {
      place_[row] = static_cast<uint32_t>(items.size());
      items.push_back(row);
    }
    return place_[row];
  }

  /// Room for the forward and the backward pass, sums at zero.
  void open(size_t modalities, size_t dim) {
    const size_t count = items.size();
    spoken.assign(count * modalities * dim, 0.0f);
    present.assign(count * modalities, 0);
    shares.resize(count * modalities);
    dScores.resize(count * modalities);
    vectors.resize(count * dim);
    lengths.resize(count);
    wanted.assign(cases * dim, 0.0f);
    wantedLengths.resize(cases);
    dWanted.resize(cases * dim);
    dVectors.assign(count * dim, 0.0f);
    scores.resize(cases * candidates);
    raw.resize(cases * candidates);
    losses.resize(cases);
    drifts.resize(cases);
  }

  /// Room for what is kept of a modality's features, of which row r has sizeOf(r).
  template <typename SizeOf>
  void keepRoom(size_t modality, const SizeOf& sizeOf) {
    kept.resize(std::max(kept.size(), modality + 1));
    keptOffsets.resize(kept.size());
    std::vector<size_t>& offsets = keptOffsets[modality];
    offsets.assign(1, 0);
    for (uint32_t row : items) offsets.push_back(offsets.back() + sizeOf(row));
    kept[modality].resize(offsets.back());
  }

  /// uses = had, by item.
  void turnHistories() {
    useOffsets.assign(items.size() + 1, 0);
    for (const Had& one : had) useOffsets[one.item + 1]++;
    for (size_t i = 0; i < items.size(); i++) useOffsets[i + 1] += useOffsets[i];
    uses.resize(had.size());
    std::vector<size_t> next(useOffsets.begin(), useOffsets.end() - 1);
    for (size_t c = 0; c < cases; c++) {
      for (size_t h = hadOffsets[c]; h < hadOffsets[c + 1]; h++) {
        uses[next[had[h].item]++] = {static_cast<uint32_t>(c), had[h].weight};
      }
    }
  }

  /// inputs = items by feature. `walk(use)` calls use(feature, item, weight) for each, the same twice.
  template <typename Walk>
  void turnInputs(size_t features, const Walk& walk) {
    inputOffsets.assign(features + 1, 0);
    walk([&](uint32_t feature, uint32_t, float) { inputOffsets[feature + 1]++; });
    used.clear();
    for (size_t f = 0; f < features; f++) {
      if (inputOffsets[f + 1] > 0) used.push_back(static_cast<uint32_t>(f));
      inputOffsets[f + 1] += inputOffsets[f];
    }
    inputs.resize(inputOffsets[features]);
    std::vector<size_t> next(inputOffsets.begin(), inputOffsets.end() - 1);
    walk([&](uint32_t feature, uint32_t item, float weight) { inputs[next[feature]++] = {item, weight}; });
  }

 private:
  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();
  std::vector<uint32_t> place_;  // of every row of the catalogue, kNone outside the batch
};

/// Turns the gradient of a unit vector into that of the vector it was made of, of the given length; zeros stay.
inline void throughUnit(const float* unit, float length, size_t dim, float* gradient) {
  if (!(length > 0)) {
    for (size_t d = 0; d < dim; d++) gradient[d] = 0;
    return;
  }
  double along = 0;
  for (size_t d = 0; d < dim; d++) along += static_cast<double>(gradient[d]) * unit[d];
  for (size_t d = 0; d < dim; d++) gradient[d] = (gradient[d] - static_cast<float>(along) * unit[d]) / length;
}

}  // namespace kairank
