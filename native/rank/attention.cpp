#include "attention.h"

#include <algorithm>
#include <cmath>

#include "../dispatch/dispatch.h"

namespace kairank {

namespace {

constexpr size_t kBlock = 256;  // candidates at a time: their queries stay in cache

/// Unit factors of rows as dense queries; a row without factors has a query of zeros, which attends by bias alone.
void gatherQueries(const ModelSet& models, const uint32_t* rows, size_t count, std::vector<float>& queries) {
  const size_t dim = models.factors->dim;
  queries.resize(count * dim);
  for (size_t i = 0; i < count; i++) {
    float* to = queries.data() + i * dim;
    if (const float* unit = models.unitFactorsOf(rows[i])) {
      std::copy_n(unit, dim, to);
    } else {
      std::fill_n(to, dim, 0.0f);
    }
  }
}

AttentionTask taskOf(const ModelSet& models, const AttentionModel& attention, Attended& attended, size_t count) {
  const size_t dim = models.factors->dim;
  AttentionTask task{};
  task.queries = attended.queries.data();
  task.queryStride = dim;
  task.candidates = count;
  task.keys = attended.keys.data();
  task.keyStride = dim;
  task.events = attended.votes.size();
  task.dim = dim;
  task.heads = 1;
  task.scale = attention.scale;
  task.bias = attended.bias.data();
  return task;
}

}  // namespace

bool attend(const ModelSet& models, const AttentionModel& attention, const HistoryEvent* events, size_t count,
            Attended& attended) {
  attended.votes.clear();
  attended.keys.clear();
  attended.bias.clear();
  if (!models.factors) return false;
  collectVotes(events, count, kAnyRow, attention.decay, attention.maxEvents, attended.votes);
  attended.votes.erase(std::remove_if(attended.votes.begin(), attended.votes.end(),
                                      [&](const Vote& vote) { return !models.unitFactorsOf(vote.row); }),
                       attended.votes.end());
  const size_t dim = models.factors->dim;
  for (const Vote& vote : attended.votes) {
    const float* key = models.unitFactorsOf(vote.row);
    attended.keys.insert(attended.keys.end(), key, key + dim);
    attended.bias.push_back(std::log(vote.weight));
  }
  return !attended.votes.empty();
}

void scoreAttention(const ModelSet& models, const AttentionModel& attention, Attended& attended, const uint32_t* rows,
                    size_t count, float* scores) {
  for (size_t first = 0; first < count; first += kBlock) {
    const size_t size = std::min(kBlock, count - first);
    gatherQueries(models, rows + first, size, attended.queries);
    // A candidate's score is its product with what it attends to. Values are keys: that is a mean of the products.
    AttentionTask task = taskOf(models, attention, attended, size);
    task.means = scores + first;
    kernels().attentionF32(task);
  }
}

void scoreByAttention(const ModelSet& models, const AttentionModel& attention, Attended& attended,
                      Candidates& candidates) {
  std::vector<float>& column = candidates.scores[static_cast<size_t>(Source::attention)];
  scoreAttention(models, attention, attended, candidates.rows.data(), candidates.rows.size(), column.data());
  for (size_t i = 0; i < candidates.rows.size(); i++) {
    if (models.factorsOf(candidates.rows[i])) candidates.sources[i] |= sourceBit(Source::attention);
  }
}

void attentionWeights(const ModelSet& models, const AttentionModel& attention, Attended& attended, const uint32_t* rows,
                      size_t count) {
  gatherQueries(models, rows, count, attended.queries);
  AttentionTask task = taskOf(models, attention, attended, count);
  attended.weights.resize(count * attended.votes.size());
  task.weights = attended.weights.data();
  kernels().attentionF32(task);
}

}  // namespace kairank
