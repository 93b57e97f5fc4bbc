#include "interests.h"

#include <algorithm>
#include <cmath>

namespace kairank {

namespace {

size_t bandOf(float quantile) { return std::min(kBands - 1, static_cast<size_t>(quantile * kBands)); }

/// What a candidate has of each field against the shopper's.
void describe(const AttributesModel& fields, const ItemAttributes& own, const InterestScratch& shopper, float* to) {
  const uint32_t* label = own.labels;
  const float* common = own.common;
  float known = 0;
  for (size_t f = 0; f < fields.slots.size(); f++) {
    float share = 0, expected = 0;
    bool has = false;
    for (uint32_t s = 0; s < fields.slots[f]; s++, label++, common++) {
      if (*label == 0) continue;
      has = true;
      expected += *common;
      for (const auto& [wanted, part] : shopper.labels[f]) share += wanted == *label ? part : 0;
    }
    if (!has || shopper.known[f] == 0) continue;
    to[0] = known == 0 ? share - expected : std::max(to[0], share - expected);
    to[1] += share;
    known++;
  }
  if (known > 0) {
    to[1] /= known;
    to[2] = known / static_cast<float>(fields.slots.size());
  }
  float numbers = 0;
  for (size_t f = 0; f < fields.numbers; f++) {
    const float quantile = own.quantiles[f];
    const InterestScratch::Spread& spread = shopper.numbers[f];
    if (quantile == kNoQuantile || spread.known == 0) continue;
    to[3] += 1 - std::fabs(quantile - spread.mean);
    to[4] += quantile - spread.mean;
    to[5] += spread.bands[bandOf(quantile)];
    numbers++;
  }
  for (size_t i = 3; i < kInterestInputs && numbers > 0; i++) to[i] /= numbers;
}

}  // namespace

void InterestScratch::read(const ModelSet& models, const std::vector<uint32_t>& last) {
  const AttributesModel& fields = *models.attributes;
  labels.resize(fields.slots.size());
  for (auto& shares : labels) shares.clear();
  known.assign(fields.slots.size(), 0.0f);
  numbers.assign(fields.numbers, {});
  for (size_t k = 0; k < last.size(); k++) {
    const ItemAttributes own = models.attributesOf(last[k]);
    if (!own.there) continue;
    const float weight = std::exp2(-static_cast<float>(k));
    const uint32_t* first = own.labels;
    for (size_t f = 0; f < fields.slots.size(); f++) {
      const uint32_t* end = first + fields.slots[f];
      const auto count = static_cast<float>(fields.slots[f] - std::count(first, end, 0u));
      if (count > 0) known[f] += weight;
      for (; first < end; first++) {
        if (*first == 0) continue;
        const auto at =
            std::find_if(labels[f].begin(), labels[f].end(), [&](const auto& share) { return share.first == *first; });
        if (at != labels[f].end()) {
          at->second += weight / count;
        } else {
          labels[f].emplace_back(*first, weight / count);
        }
      }
    }
    for (size_t f = 0; f < fields.numbers; f++) {
      if (own.quantiles[f] == kNoQuantile) continue;
      numbers[f].known += weight;
      numbers[f].mean += weight * own.quantiles[f];
      numbers[f].bands[bandOf(own.quantiles[f])] += weight;
    }
  }
  for (size_t f = 0; f < fields.slots.size(); f++) {
    for (auto& share : labels[f]) share.second /= known[f];
  }
  for (Spread& spread : numbers) {
    if (spread.known == 0) continue;
    spread.mean /= spread.known;
    for (float& band : spread.bands) band /= spread.known;
  }
}

void interestInputs(const ModelSet& models, const Candidates& candidates, const std::vector<uint32_t>& chosen,
                    const std::vector<uint32_t>& last, InterestScratch& scratch, float* to, size_t stride) {
  for (size_t c = 0; c < chosen.size(); c++) std::fill_n(to + c * stride, kInterestInputs, 0.0f);
  if (!models.attributes || last.empty()) return;
  scratch.read(models, last);
  for (size_t c = 0; c < chosen.size(); c++) {
    const ItemAttributes own = models.attributesOf(candidates.rows[chosen[c]]);
    if (own.there) describe(*models.attributes, own, scratch, to + c * stride);
  }
}

}  // namespace kairank
