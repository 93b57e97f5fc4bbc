#include "ranker_inputs.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "../dispatch/dispatch.h"
#include "../recall/intent.h"
#include "../recall/rules.h"
#include "../state/content_model.h"

namespace kairank {

namespace {

constexpr size_t kLast = 10;              // last items that a candidate is held against
constexpr float kPlace = 10;              // place p counts 10 / (10 + p)
constexpr float kSpans[] = {7, 30, 180};  // days
constexpr float kNever = 1e6f;

// Where the groups begin.
constexpr size_t kBlendAt = kBlendInput;
constexpr size_t kFashionAt = kBlendAt + 3;
constexpr size_t kRepeatsAt = kFashionAt + 3;
constexpr size_t kContentAt = kRepeatsAt + 5;
constexpr size_t kFactorsAt = kContentAt + 3;
constexpr size_t kRulesAt = kFactorsAt + 3;
constexpr size_t kSequenceAt = kRulesAt + 2;
constexpr size_t kInterestsAt = kSequenceAt + 1;
static_assert(kInterestsAt + kInterestInputs == kRankerInputs, "every input has its place");

/// A number that rises as the score falls.
uint32_t descending(float score) {
  score += 0.0f;  // a zero has one sign
  uint32_t bits;
  std::memcpy(&bits, &score, sizeof bits);
  return ~(bits & 0x80000000u ? ~bits : bits | 0x80000000u);
}

/// Places of the candidates by each source's score, best first and equal ones by row; kNoRow where it has none.
void placeSources(const Candidates& candidates, RankerScratch& scratch) {
  const uint32_t count = static_cast<uint32_t>(candidates.rows.size());
  std::vector<Keyed>& byRow = scratch.byRow;
  byRow.clear();
  for (uint32_t i = 0; i < count; i++) byRow.push_back({candidates.rows[i], i});
  radixSort(byRow, scratch.spare);
  std::vector<Keyed>& order = scratch.order;
  for (size_t s = 0; s < kSources; s++) {
    order.clear();
    for (const Keyed& one : byRow) {
      if ((candidates.sources[one.index] >> s) & 1) {
        order.push_back({descending(candidates.scores[s][one.index]), one.index});
      }
    }
    scratch.places[s].assign(count, kNoRow);
    radixSort(order, scratch.spare);
    for (uint32_t place = 0; place < order.size(); place++) scratch.places[s][order[place].index] = place;
  }
}

/// How near each chosen candidate is to the shopper's last items, newest first: to the newest, to the nearest, and on
/// average with halving weights, as cosines; three inputs from `to` on, a row every kRankerInputs. Zeros where the
/// candidate is unknown, or all items are. `vectorOf(row)` is a unit vector, or null.
template <typename VectorOf>
void nearness(const Candidates& candidates, const std::vector<uint32_t>& chosen, size_t dim, const VectorOf& vectorOf,
              RankerScratch& scratch, float* to) {
  for (size_t c = 0; c < chosen.size(); c++) std::fill_n(to + c * kRankerInputs, 3, 0.0f);
  if (dim == 0) return;
  scratch.keys.clear();
  std::vector<float> shares;
  bool newest = false;
  for (size_t k = 0; k < scratch.history.last.size(); k++) {
    const float* key = vectorOf(scratch.history.last[k]);
    if (!key) continue;
    newest |= k == 0;
    scratch.keys.insert(scratch.keys.end(), key, key + dim);
    shares.push_back(std::exp2(-static_cast<float>(k)));
  }
  if (shares.empty()) return;
  // Side by side, all cosines are one product.
  const size_t rows = chosen.size();
  scratch.own.assign(rows * dim, 0.0f);
  scratch.known.assign(rows, 0);
  for (size_t c = 0; c < rows; c++) {
    const float* own = vectorOf(candidates.rows[chosen[c]]);
    scratch.known[c] = own != nullptr;
    if (own) std::copy_n(own, dim, scratch.own.data() + c * dim);
  }
  const size_t keys = shares.size();
  scratch.cosines.resize(keys * rows);
  kernels().batchF32(scratch.keys.data(), dim, keys, scratch.own.data(), dim, rows, dim, scratch.cosines.data(), rows);
  const float total = std::accumulate(shares.begin(), shares.end(), 0.0f);
  for (size_t c = 0; c < rows; c++) {
    if (!scratch.known[c]) continue;
    float* out = to + c * kRankerInputs;
    const float* cosines = scratch.cosines.data() + c;
    if (newest) out[0] = cosines[0];
    out[1] = cosines[0];
    for (size_t k = 0; k < keys; k++) {
      out[1] = std::max(out[1], cosines[k * rows]);
      out[2] += shares[k] * cosines[k * rows];
    }
    out[2] /= total;
  }
}

}  // namespace

const char* const kInputGroupNames[kInputGroups] = {"sources", "blend", "fashion",  "repeats",  "content",
                                                    "factors", "rules", "sequence", "interests"};

InputGroup inputGroup(size_t input) {
  const size_t begins[] = {0,          kBlendAt, kFashionAt,  kRepeatsAt,  kContentAt,
                           kFactorsAt, kRulesAt, kSequenceAt, kInterestsAt};
  size_t group = 0;
  while (group + 1 < kInputGroups && input >= begins[group + 1]) group++;
  return static_cast<InputGroup>(group);
}

void RankerHistory::read(const HistoryEvent* events, size_t count) {
  had.clear();
  last.clear();
  const double newest = count > 0 ? events[count - 1].at : 0;
  size_t positives = 0;
  for (size_t i = count; i-- > 0;) {
    if (!positive(events[i])) continue;
    positives++;
    if (last.size() < kLast && std::find(last.begin(), last.end(), events[i].row) == last.end()) {
      last.push_back(events[i].row);
    }
    const double age = (newest - events[i].at) / kDayMillis;
    had.push_back({events[i].row, 1, static_cast<float>(age >= 0 ? std::min(age, static_cast<double>(kNever)) : 0)});
  }
  length = std::log1p(static_cast<float>(positives));
  std::sort(had.begin(), had.end(), [](const Had& a, const Had& b) { return a.row < b.row; });
  size_t kept = 0;
  for (size_t i = 0; i < had.size(); i++) {
    if (kept > 0 && had[kept - 1].row == had[i].row) {
      had[kept - 1].times += 1;
      had[kept - 1].newest = std::min(had[kept - 1].newest, had[i].newest);
    } else {
      had[kept++] = had[i];
    }
  }
  had.resize(kept);
}

void rankerInputs(const ModelSet& models, const Candidates& candidates, const std::vector<float>& z,
                  const std::vector<double>& scores, const std::vector<uint32_t>& chosen, RankerScratch& scratch,
                  float* inputs) {
  const RankerHistory& history = scratch.history;
  placeSources(candidates, scratch);
  nearness(
      candidates, chosen, models.content ? models.content->dim : 0, [&](uint32_t row) { return models.contentOf(row); },
      scratch, inputs + kContentAt);
  nearness(
      candidates, chosen, models.factors ? models.factors->dim : 0,
      [&](uint32_t row) { return models.unitFactorsOf(row); }, scratch, inputs + kFactorsAt);
  interestInputs(models, candidates, chosen, history.last, scratch.interests, inputs + kInterestsAt, kRankerInputs);
  const bool follows = models.intents && !history.last.empty() && models.seen(history.last[0]);
  const size_t intentDim = models.intents ? models.intents->model().config.dim : 0;
  for (size_t c = 0; c < chosen.size(); c++) {
    const uint32_t i = chosen[c];
    const uint32_t row = candidates.rows[i];
    float* to = inputs + c * kRankerInputs;
    size_t present = 0;
    for (size_t s = 0; s < kSources; s++) {
      const bool has = (candidates.sources[i] >> s) & 1;
      present += has;
      to[s] = has ? z[i * kSources + s] : 0;
      to[kSources + s] = has;
      to[2 * kSources + s] = has ? kPlace / (kPlace + static_cast<float>(scratch.places[s][i])) : 0;
    }
    to[kBlendAt] = static_cast<float>(scores[i] - scores[chosen[0]]);
    to[kBlendAt + 1] = kPlace / (kPlace + static_cast<float>(c));
    to[kBlendAt + 2] = static_cast<float>(present) / kSources;

    const bool counted = row < models.items;
    to[kFashionAt] = counted ? models.counts->logPopularity[row] : 0;
    to[kFashionAt + 1] = counted ? models.counts->logRecent[row] : 0;
    to[kFashionAt + 2] = to[kFashionAt + 1] - to[kFashionAt];

    const auto had = std::lower_bound(history.had.begin(), history.had.end(), row,
                                      [](const RankerHistory::Had& one, uint32_t wanted) { return one.row < wanted; });
    const bool again = had != history.had.end() && had->row == row;
    to[kRepeatsAt] = history.length;
    to[kRepeatsAt + 1] = again ? std::log1p(had->times) : 0;
    for (size_t span = 0; span < 3; span++) {
      to[kRepeatsAt + 2 + span] = again ? std::exp2(-had->newest / kSpans[span]) : 0;
    }

    const float rule = models.rules && !history.last.empty() ? ruleValue(*models.rules, history.last[0], row) : 0;
    to[kRulesAt] = rule > 0;
    to[kRulesAt + 1] = rule > 0 ? std::log(rule) : 0;

    to[kSequenceAt] = 0;
    if (follows && models.seen(row)) {
      kernels().dotF32(models.intents->item(history.last[0]), models.intents->item(row), intentDim, 1, intentDim,
                       &to[kSequenceAt]);
    }
  }
}

}  // namespace kairank
