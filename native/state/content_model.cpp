#include "content_model.h"

#include <algorithm>
#include <cmath>

#include "../include/limits.h"
#include "../include/status.h"

namespace kairank {

namespace {

constexpr size_t kModalities = 256;

[[noreturn]] void refuse(const std::string& name, const char* message) {
  throw Error(Status::invalidArgument, "content: " + name + (name.empty() ? "" : ": ") + message);
}

bool finite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

}  // namespace

void checkContent(const ContentFeatures& content) {
  if (content.items > kMaxRows) refuse("", "too many items");
  if (content.modalities.size() > kModalities) refuse("", "too many modalities");
  for (const Modality& modality : content.modalities) {
    const std::string& name = modality.name;
    if (!(modality.prior > 0) || !std::isfinite(modality.prior)) refuse(name, "the prior must be above 0");
    if (modality.inputs > 0) {
      if (modality.inputs > kMaxDim) refuse(name, "the dim of its vectors is out of range");
      if (modality.vectors.size() != static_cast<size_t>(content.items) * modality.inputs) {
        refuse(name, "expected items x inputs numbers");
      }
      if (!finite(modality.vectors)) refuse(name, "every number must be finite");
      continue;
    }
    if (modality.offsets.size() != static_cast<size_t>(content.items) + 1 || modality.offsets.front() != 0 ||
        modality.offsets.back() != modality.features.size() ||
        !std::is_sorted(modality.offsets.begin(), modality.offsets.end())) {
      refuse(name, "offsets must rise from 0 to the number of features");
    }
    if (modality.weights.size() != modality.features.size()) refuse(name, "expected one weight a feature");
    for (float weight : modality.weights) {
      if (!(weight > 0) || !std::isfinite(weight)) refuse(name, "every weight must be finite and above 0");
    }
  }
}

void checkContent(const ContentModel& model) {
  const size_t dim = model.dim;
  if (dim == 0 || dim > kMaxDim) refuse("", "dim is out of range");
  if (model.items > kMaxRows) refuse("", "too many items");
  const size_t size = static_cast<size_t>(model.items) * dim;
  if (model.vectors.size() != size || model.behaviour.size() != size) refuse("", "expected items x dim numbers");
  if (!finite(model.vectors) || !finite(model.behaviour)) refuse("", "every number must be finite");
  if (!(model.decay > 0 && model.decay <= 1) || model.maxEvents == 0) {
    refuse("", "decay must be above 0, at most 1, and maxEvents above 0");
  }
  if (model.modalities.size() > kModalities) refuse("", "too many modalities");
  for (const ModalityModel& modality : model.modalities) {
    const std::string& name = modality.name;
    if (modality.inputs > kMaxDim) refuse(name, "the dim of its vectors is out of range");
    const size_t rows = modality.inputs > 0 ? modality.inputs : modality.features.size();
    if (modality.inputs > 0 && !modality.features.empty()) refuse(name, "vectors have no features");
    if (!std::is_sorted(modality.features.begin(), modality.features.end()) ||
        std::adjacent_find(modality.features.begin(), modality.features.end()) != modality.features.end()) {
      refuse(name, "features must rise");
    }
    if (modality.rarity.size() != modality.features.size()) refuse(name, "expected one rarity a feature");
    if (modality.table.size() != rows * dim) refuse(name, "the table must be features x dim");
    if (modality.attention.size() != dim) refuse(name, "attention must have dim numbers");
    if (!finite(modality.table) || !finite(modality.attention) || !finite(modality.rarity) ||
        !std::isfinite(modality.bias)) {
      refuse(name, "every number must be finite");
    }
  }
}

}  // namespace kairank
