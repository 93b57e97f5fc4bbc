#include "models.h"

#include <algorithm>
#include <cmath>

#include "../include/status.h"
#include "content_model.h"

namespace kairank {

namespace {

[[noreturn]] void refuse(const std::string& message) { throw Error(Status::invalidArgument, message); }

bool finite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

}  // namespace

const float* LateContent::vectorOf(uint32_t row) const {
  const auto at = std::lower_bound(rows.begin(), rows.end(), row);
  if (at == rows.end() || *at != row) return nullptr;
  return vectors.data() + static_cast<size_t>(at - rows.begin()) * dim;
}

const float* ModelSet::contentOf(uint32_t row) const {
  if (lateContent) {
    if (const float* late = lateContent->vectorOf(row)) return late;
  }
  if (row >= items || !(((*contentRows)[row >> 6] >> (row & 63)) & 1)) return nullptr;
  return content->vectors.data() + static_cast<size_t>(row) * content->dim;
}

const float* Newcomers::find(uint32_t row, const std::vector<float>& vectors) const {
  const auto at = std::lower_bound(rows.begin(), rows.end(), row);
  if (at == rows.end() || *at != row) return nullptr;
  return vectors.data() + static_cast<size_t>(at - rows.begin()) * dim;
}

void completeFactors(FactorsModel& model) {
  const size_t dim = model.dim;
  if (dim == 0 || dim > kMaxDim) refuse("factors: dim is out of range");
  if (model.items > kMaxRows || model.factors.size() != model.items * dim)
    refuse("factors: expected items x dim numbers");
  if (model.gram.size() != dim * dim) refuse("factors: the gram must be dim x dim");
  if (!finite(model.factors) || !finite(model.gram)) refuse("factors: every number must be finite");
  if (!(model.regularisation > 0) || !std::isfinite(model.regularisation))
    refuse("factors: regularisation must be above 0");
  if (!(model.alpha0 >= 0) || !std::isfinite(model.alpha0)) refuse("factors: alpha0 must not be negative");
  if (!(model.nu >= 0 && model.nu <= 2)) refuse("factors: nu must be from 0 to 2");
  if (!(model.decay > 0 && model.decay <= 1)) refuse("factors: decay must be above 0, at most 1");
  if (model.maxEvents == 0) refuse("factors: maxEvents must be above 0");
  if (!model.userGram.empty()) {
    if (model.userGram.size() != dim * dim) refuse("factors: the users' gram must be dim x dim, or empty");
    if (!finite(model.userGram)) refuse("factors: every number of the users' gram must be finite");
    for (size_t d = 0; d < dim; d++) {
      if (model.userGram[d * dim + d] < 0) refuse("factors: the users' gram must not be negative on its diagonal");
    }
  }

  model.diagonal = true;
  for (size_t i = 0; i < dim; i++) {
    if (model.gram[i * dim + i] < 0) refuse("factors: the gram must not be negative on its diagonal");
    for (size_t j = 0; j < dim; j++) model.diagonal = model.diagonal && (i == j || model.gram[i * dim + j] == 0);
  }
  model.trained.assign((static_cast<size_t>(model.items) + 63) / 64, 0);
  for (size_t row = 0; row < model.items; row++) {
    const float* from = model.factors.data() + row * dim;
    if (std::any_of(from, from + dim, [](float value) { return value != 0; })) {
      model.trained[row >> 6] |= uint64_t{1} << (row & 63);
    }
  }
}

void checkRanker(const RankerModel& model) {
  if (model.inputs == 0 || model.inputs > 4096 || model.hidden == 0 || model.hidden > 4096 || model.narrow == 0 ||
      model.narrow > 4096) {
    refuse("ranker: a width is out of range");
  }
  if (model.mean.size() != model.inputs || model.scale.size() != model.inputs) {
    refuse("ranker: expected a mean and a scale for each input");
  }
  if (model.weights.size() != model.weightCount()) refuse("ranker: the number of weights does not fit its widths");
  if (!finite(model.mean) || !finite(model.scale) || !finite(model.weights) || !std::isfinite(model.trust) ||
      !std::isfinite(model.slope) || !std::isfinite(model.offset)) {
    refuse("ranker: every number must be finite");
  }
  if (model.depth == 0 || model.depth > kMaxCandidates) refuse("ranker: depth is out of range");
}

void completeSessions(SessionsModel& model) {
  if (model.items > kMaxRows || model.offsets.empty() || model.offsets.size() > kMaxRows) {
    refuse("sessions: expected sessions + 1 offsets");
  }
  if (model.offsets.front() != 0 || model.offsets.back() != model.rows.size() ||
      !std::is_sorted(model.offsets.begin(), model.offsets.end())) {
    refuse("sessions: offsets must rise from 0 to the number of rows");
  }
  for (uint32_t row : model.rows) {
    if (row >= model.items) refuse("sessions: a row is out of range");
  }
  const auto within = [](float value, float most) { return value >= 0 && value <= most; };
  if (!(model.decay > 0 && model.decay <= 1) || !within(model.ageing, 1e6f) || !within(model.distance, 1e6f) ||
      !within(model.back, 1) || !within(model.rarity, 2)) {
    refuse("sessions: decay must be above 0, at most 1; ageing, distance, back and rarity must be in range");
  }
  if (model.neighbours == 0 || model.neighbours > kMaxK || model.maxEvents == 0) {
    refuse("sessions: neighbours and maxEvents must be above 0");
  }
  std::vector<uint64_t> counts(static_cast<size_t>(model.items) + 1, 0);
  for (uint32_t row : model.rows) counts[row]++;
  model.itemOffsets.assign(static_cast<size_t>(model.items) + 1, 0);
  model.itemShare.resize(model.items);
  for (size_t row = 0; row < model.items; row++) {
    model.itemOffsets[row + 1] = model.itemOffsets[row] + std::min<uint64_t>(counts[row], kSessionSample);
    model.itemShare[row] = std::pow(std::max(1.0f, static_cast<float>(counts[row])), -model.rarity);
  }
  model.itemSessions.resize(model.itemOffsets.back());
  std::vector<uint64_t> next(model.itemOffsets.begin(), model.itemOffsets.end() - 1);
  for (uint32_t session = model.sessions(); session-- > 0;) {
    for (uint64_t i = model.offsets[session]; i < model.offsets[session + 1]; i++) {
      const uint32_t row = model.rows[i];
      if (next[row] < model.itemOffsets[row + 1]) model.itemSessions[next[row]++] = session;
    }
  }
}

void checkRules(const RulesModel& model) {
  if (model.items > kMaxRows || model.offsets.size() != static_cast<size_t>(model.items) + 1) {
    refuse("rules: expected items + 1 offsets");
  }
  if (model.columns.size() != model.values.size()) refuse("rules: columns and values must have the same length");
  if (model.offsets.front() != 0 || model.offsets.back() != model.columns.size() ||
      !std::is_sorted(model.offsets.begin(), model.offsets.end())) {
    refuse("rules: offsets must rise from 0 to the number of columns");
  }
  for (uint32_t column : model.columns) {
    if (column >= model.items) refuse("rules: a column is out of range");
  }
  for (float value : model.values) {
    if (!(value > 0) || !std::isfinite(value)) refuse("rules: every value must be finite and above 0");
  }
  if (!(model.decay > 0 && model.decay <= 1)) refuse("rules: decay must be above 0, at most 1");
  if (model.maxEvents == 0) refuse("rules: maxEvents must be above 0");
}

}  // namespace kairank
