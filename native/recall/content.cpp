#include "content.h"

#include <algorithm>
#include <cmath>

#include "../dispatch/dispatch.h"
#include "../include/status.h"
#include "embeddings.h"

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

void readItem(const ModalityModel& model, const Modality& modality, uint32_t item, std::vector<TowerInput>& inputs) {
  if (model.inputs == 0) {
    const uint64_t first = modality.offsets[item];
    readFeatures(model, modality.features.data() + first, modality.weights.data() + first,
                 modality.offsets[item + 1] - first, inputs);
    return;
  }
  inputs.clear();
  const float* vector = modality.vectors.data() + static_cast<size_t>(item) * model.inputs;
  double square = 0;
  for (uint32_t i = 0; i < model.inputs; i++) square += static_cast<double>(vector[i]) * vector[i];
  if (!(square > 0)) return;
  const double scale = 1 / std::sqrt(square);
  for (uint32_t i = 0; i < model.inputs; i++) inputs.push_back({i, static_cast<float>(vector[i] * scale)});
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
    readItem(table, modality, item, scratch.inputs);
    for (const TowerInput& input : scratch.inputs) {
      kernels().axpyF32(input.weight, table.table.data() + input.row * dim, spoken, dim);
    }
    present[m] = !scratch.inputs.empty();
  }
  const bool any = fuse(model.modalities, dim, scratch.spoken.data(), present.data(), scratch.shares.data(), out);
  if (shares) std::copy(scratch.shares.begin(), scratch.shares.end(), shares);
  return any && toUnit(out, dim) > 0;
}

bool shopperContent(const ContentModel& model, const LateContent* late, const HistoryEvent* events, size_t count,
                    ContentScratch& scratch, float* out) {
  const size_t dim = model.dim;
  std::fill(out, out + dim, 0.0f);
  collectVotes(events, count, kAnyRow, model.decay, model.maxEvents, scratch.votes);
  for (const Vote& vote : scratch.votes) {
    const bool known = vote.row < model.items;
    const size_t at = static_cast<size_t>(vote.row) * dim;
    const float* put = late ? late->vectorOf(vote.row) : nullptr;
    if (put || known) kernels().axpyF32(vote.weight, put ? put : model.vectors.data() + at, out, dim);
    if (known) kernels().axpyF32(vote.weight, model.behaviour.data() + at, out, dim);
  }
  return toUnit(out, dim) > 0;
}

namespace {

constexpr size_t kScanned = 8192;  // late rows that are scanned as they are; more have an index

bool sameModality(const ModalityModel& model, const Modality& modality) {
  return modality.name == model.name && (modality.inputs > 0) == (model.inputs > 0);
}

/// The modalities that the model has, in its order.
ContentFeatures matched(const ContentModel& model, ContentFeatures content) {
  ContentFeatures out;
  out.items = content.items;
  for (const ModalityModel& wanted : model.modalities) {
    const auto found = std::find_if(content.modalities.begin(), content.modalities.end(),
                                    [&](const Modality& modality) { return sameModality(wanted, modality); });
    if (found != content.modalities.end()) {
      if (found->inputs != wanted.inputs) {
        throw Error(Status::invalidArgument, "content: " + wanted.name + ": vectors have another dim than in training");
      }
      out.modalities.push_back(std::move(*found));
      continue;
    }
    Modality& absent = out.modalities.emplace_back();
    absent.name = wanted.name;
    absent.inputs = wanted.inputs;
    absent.offsets.assign(static_cast<size_t>(content.items) + 1, 0);
    absent.vectors.assign(static_cast<size_t>(content.items) * wanted.inputs, 0.0f);
  }
  return out;
}

}  // namespace

bool readsContent(const ContentModel& model, const ContentFeatures& content) {
  for (const ModalityModel& known : model.modalities) {
    for (const Modality& modality : content.modalities) {
      if (sameModality(known, modality)) return true;
    }
  }
  return false;
}

bool encodeAlone(const ContentModel& model, ContentFeatures content, ContentScratch& scratch, float* out) {
  return encodeContent(model, matched(model, std::move(content)), 0, scratch, out);
}

std::shared_ptr<const LateContent> encodeLate(const ContentModel& model, ContentFeatures given,
                                              const std::vector<uint32_t>& rows, const LateContent* before) {
  const ContentFeatures content = matched(model, std::move(given));
  const size_t dim = model.dim;
  // A row that is put twice counts as it was put last.
  std::vector<std::pair<uint32_t, uint32_t>> order;
  for (uint32_t item = 0; item < content.items; item++) order.emplace_back(rows[item], item);
  std::sort(order.begin(), order.end());
  auto late = std::make_shared<LateContent>();
  late->dim = model.dim;
  ContentScratch scratch;
  std::vector<float> vector(dim);
  size_t old = 0;
  const size_t olds = before ? before->rows.size() : 0;
  const auto keep = [&](uint32_t row, const float* from) {
    late->rows.push_back(row);
    late->vectors.insert(late->vectors.end(), from, from + dim);
  };
  for (size_t i = 0; i < order.size(); i++) {
    if (i + 1 < order.size() && order[i + 1].first == order[i].first) continue;
    const uint32_t row = order[i].first;
    for (; old < olds && before->rows[old] < row; old++) keep(before->rows[old], before->vectors.data() + old * dim);
    if (old < olds && before->rows[old] == row) old++;
    if (encodeContent(model, content, order[i].second, scratch, vector.data())) keep(row, vector.data());
  }
  for (; old < olds; old++) keep(before->rows[old], before->vectors.data() + old * dim);
  if (late->rows.size() > kScanned) {
    late->index = indexEmbeddings(late->vectors.data(), static_cast<uint32_t>(late->rows.size()), model.dim);
  }
  return late;
}

}  // namespace kairank
