#include "attributes.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string>

#include "../include/limits.h"
#include "../include/status.h"

namespace kairank {

namespace {

[[noreturn]] void refuse(const char* message) {
  throw Error(Status::invalidArgument, std::string("attributes: ") + message);
}

uint32_t widthOf(const std::vector<uint32_t>& slots) {
  uint64_t width = 0;
  for (uint32_t count : slots) {
    if (count == 0) refuse("a field of labels has at least one slot");
    width += count;
  }
  if (width > kMostLabelSlots) refuse("too many labels of an item");
  return static_cast<uint32_t>(width);
}

void checkSizes(uint32_t items, uint32_t width, uint32_t numbers, size_t labels, size_t values) {
  if (items > kMaxRows) refuse("too many items");
  if (numbers > kMostNumberFields) refuse("too many fields of numbers");
  if (labels != size_t{items} * width) refuse("expected items x slots labels");
  if (values != size_t{items} * numbers) refuse("expected items x fields numbers");
}

/// Where a value stands among the cuts, from 0 to 1; among equal cuts in their middle.
float quantileOf(const double* cuts, double value) {
  if (std::isnan(value)) return kNoQuantile;
  const auto [low, high] = std::equal_range(cuts, cuts + kQuantileCuts, value);
  const double place = static_cast<double>((low - cuts) + (high - cuts)) / 2;
  return static_cast<float>((place + 0.5) / (kQuantileCuts + 1));
}

float shareOf(const std::vector<std::pair<uint32_t, float>>& shares, uint32_t label) {
  const auto at = std::lower_bound(shares.begin(), shares.end(), label,
                                   [](const auto& share, uint32_t wanted) { return share.first < wanted; });
  return at != shares.end() && at->first == label ? at->second : 0;
}

/// What each label of a row shares with all items, appended.
void addCommon(const AttributesModel& model, const uint32_t* labels, std::vector<float>& out) {
  for (size_t f = 0; f < model.slots.size(); f++) {
    for (uint32_t s = 0; s < model.slots[f]; s++, labels++) {
      out.push_back(*labels == 0 ? 0 : shareOf(model.shares[f], *labels));
    }
  }
}

}  // namespace

bool ItemAttributes::any(const AttributesModel& fields) const {
  return there && (std::any_of(labels, labels + fields.width, [](uint32_t label) { return label != 0; }) ||
                   std::any_of(quantiles, quantiles + fields.numbers, [](float q) { return q != kNoQuantile; }));
}

ItemAttributes AttributesModel::of(uint32_t row) const {
  if (row >= items) return {};
  const size_t at = size_t{row} * width;
  return {true, labels.data() + at, common.data() + at, quantiles.data() + size_t{row} * numbers};
}

ItemAttributes LateAttributes::of(uint32_t row) const {
  const auto found = std::lower_bound(rows.begin(), rows.end(), row);
  if (found == rows.end() || *found != row) return {};
  const auto place = static_cast<size_t>(found - rows.begin());
  return {true, labels.data() + place * width, common.data() + place * width, quantiles.data() + place * numbers};
}

void checkAttributes(const AttributeValues& values) {
  checkSizes(values.items, widthOf(values.slots), values.numbers, values.labels.size(), values.values.size());
  for (double value : values.values) {
    if (std::isinf(value)) refuse("every number must be finite, or NaN for none");
  }
}

std::shared_ptr<const AttributesModel> makeAttributes(const AttributeValues& values) {
  checkAttributes(values);
  auto model = std::make_shared<AttributesModel>();
  model->items = values.items;
  model->slots = values.slots;
  model->numbers = values.numbers;
  model->labels = values.labels;
  std::vector<double> known;
  for (uint32_t f = 0; f < values.numbers; f++) {
    known.clear();
    for (size_t row = 0; row < values.items; row++) {
      const double value = values.values[row * values.numbers + f];
      if (!std::isnan(value)) known.push_back(value);
    }
    std::sort(known.begin(), known.end());
    for (size_t cut = 1; cut <= kQuantileCuts; cut++) {
      model->cuts.push_back(known.empty() ? 0 : known[cut * known.size() / (kQuantileCuts + 1)]);
    }
  }
  model->quantiles.reserve(values.values.size());
  for (size_t i = 0; i < values.values.size(); i++) {
    model->quantiles.push_back(quantileOf(model->cuts.data() + (i % values.numbers) * kQuantileCuts, values.values[i]));
  }
  completeAttributes(*model);
  return model;
}

void completeAttributes(AttributesModel& model) {
  model.width = widthOf(model.slots);
  checkSizes(model.items, model.width, model.numbers, model.labels.size(), model.quantiles.size());
  for (float quantile : model.quantiles) {
    if (!(quantile >= 0 && quantile <= 1) && quantile != kNoQuantile)
      refuse("every quantile must be from 0 to 1, or -1");
  }
  if (model.cuts.size() != size_t{model.numbers} * kQuantileCuts) refuse("expected fields x 63 cuts");
  for (uint32_t f = 0; f < model.numbers; f++) {
    const double* cuts = model.cuts.data() + f * kQuantileCuts;
    if (!std::all_of(cuts, cuts + kQuantileCuts, [](double cut) { return std::isfinite(cut); }) ||
        !std::is_sorted(cuts, cuts + kQuantileCuts)) {
      refuse("cuts must be finite and rise");
    }
  }
  model.shares.assign(model.slots.size(), {});
  size_t first = 0;
  for (size_t f = 0; f < model.slots.size(); f++) {
    std::map<uint32_t, double> counts;
    double having = 0;
    for (size_t row = 0; row < model.items; row++) {
      const uint32_t* labels = model.labels.data() + row * model.width + first;
      const auto own = static_cast<double>(model.slots[f] - std::count(labels, labels + model.slots[f], 0u));
      if (own == 0) continue;
      having++;
      for (uint32_t s = 0; s < model.slots[f]; s++) {
        if (labels[s] != 0) counts[labels[s]] += 1 / own;
      }
    }
    for (const auto& [label, count] : counts) model.shares[f].emplace_back(label, static_cast<float>(count / having));
    first += model.slots[f];
  }
  model.common.clear();
  model.common.reserve(model.labels.size());
  for (size_t row = 0; row < model.items; row++)
    addCommon(model, model.labels.data() + row * model.width, model.common);
}

std::shared_ptr<const LateAttributes> addLateAttributes(const AttributesModel& model, const AttributeValues& values,
                                                        const std::vector<uint32_t>& rows,
                                                        const LateAttributes* before) {
  checkAttributes(values);
  if (values.slots != model.slots || values.numbers != model.numbers) refuse("other fields than training had");
  if (rows.size() != values.items) refuse("expected one row an item");
  std::vector<uint32_t> order(rows.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return rows[a] < rows[b]; });
  auto late = std::make_shared<LateAttributes>();
  late->width = model.width;
  late->numbers = model.numbers;
  size_t old = 0;
  const size_t olds = before ? before->rows.size() : 0;
  const auto keepOld = [&] {
    const ItemAttributes own = before->of(before->rows[old]);
    late->rows.push_back(before->rows[old++]);
    late->labels.insert(late->labels.end(), own.labels, own.labels + model.width);
    late->common.insert(late->common.end(), own.common, own.common + model.width);
    late->quantiles.insert(late->quantiles.end(), own.quantiles, own.quantiles + model.numbers);
  };
  for (size_t i = 0; i < order.size(); i++) {
    const uint32_t row = rows[order[i]];
    if (i + 1 < order.size() && rows[order[i + 1]] == row) continue;
    while (old < olds && before->rows[old] < row) keepOld();
    if (old < olds && before->rows[old] == row) old++;
    const uint32_t* labels = values.labels.data() + size_t{order[i]} * model.width;
    late->rows.push_back(row);
    late->labels.insert(late->labels.end(), labels, labels + model.width);
    addCommon(model, labels, late->common);
    for (uint32_t f = 0; f < model.numbers; f++) {
      const double value = values.values[size_t{order[i]} * model.numbers + f];
      late->quantiles.push_back(quantileOf(model.cuts.data() + f * kQuantileCuts, value));
    }
  }
  while (old < olds) keepOld();
  return late;
}

}  // namespace kairank
