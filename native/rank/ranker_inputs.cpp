#include "ranker_inputs.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "../dispatch/dispatch.h"
#include "../recall/intent.h"
#include "../recall/rules.h"
#include "../state/content_model.h"

namespace kairank {

namespace {

constexpr size_t kLast = 10;              // last items that a candidate is held against
constexpr float kPlace = 10;              // place p counts 10 / (10 + p)
constexpr double kDay = 86400000;         // milliseconds
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
static_assert(kSequenceAt + 1 == kRankerInputs, "every input has its place");

/// Places of the candidates by each source's score, best first; kNoRow where it has none.
void placeSources(const Candidates& candidates, RankerScratch& scratch) {
  const size_t count = candidates.rows.size();
  for (size_t s = 0; s < kSources; s++) {
    std::vector<uint32_t>& order = scratch.order;
    order.clear();
    for (uint32_t i = 0; i < count; i++) {
      if ((candidates.sources[i] >> s) & 1) order.push_back(i);
    }
    const std::vector<float>& scores = candidates.scores[s];
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
      return scores[a] != scores[b] ? scores[a] > scores[b] : candidates.rows[a] < candidates.rows[b];
    });
    scratch.places[s].assign(count, kNoRow);
    for (uint32_t place = 0; place < order.size(); place++) scratch.places[s][order[place]] = place;
  }
}

/// How near `own` is to keys, newest first: to the newest, to the nearest, and on average with halving weights. Zeros
/// where either is unknown. All are of unit length.
void nearness(const float* own, const std::vector<const float*>& keys, size_t dim, float* out) {
  out[0] = out[1] = out[2] = 0;
  if (!own) return;
  float weight = 1;
  float total = 0;
  bool any = false;
  for (size_t k = 0; k < keys.size(); k++, weight /= 2) {
    if (!keys[k]) continue;
    float cosine;
    kernels().dotF32(own, keys[k], dim, 1, dim, &cosine);
    if (k == 0) out[0] = cosine;
    out[1] = any ? std::max(out[1], cosine) : cosine;
    out[2] += weight * cosine;
    total += weight;
    any = true;
  }
  if (total > 0) out[2] /= total;
}

}  // namespace

const char* const kInputGroupNames[kInputGroups] = {"sources", "blend",   "fashion", "repeats",
                                                    "content", "factors", "rules",   "sequence"};

InputGroup inputGroup(size_t input) {
  const size_t begins[] = {0, kBlendAt, kFashionAt, kRepeatsAt, kContentAt, kFactorsAt, kRulesAt, kSequenceAt};
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
    const double age = (newest - events[i].at) / kDay;
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
  const size_t factorDim = models.factors ? models.factors->dim : 0;
  const size_t contentDim = models.content ? models.content->dim : 0;
  std::vector<const float*> factorKeys;
  std::vector<const float*> contentKeys;
  for (uint32_t row : history.last) {
    factorKeys.push_back(factorDim > 0 ? models.unitFactorsOf(row) : nullptr);
    contentKeys.push_back(contentDim > 0 ? models.contentOf(row) : nullptr);
  }
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

    nearness(contentDim > 0 ? models.contentOf(row) : nullptr, contentKeys, contentDim, to + kContentAt);
    nearness(factorDim > 0 ? models.unitFactorsOf(row) : nullptr, factorKeys, factorDim, to + kFactorsAt);

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
