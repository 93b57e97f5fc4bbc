#pragma once
// The scores of a request by hand in double precision: every source, z-scores, the blend.

#include <cmath>
#include <vector>

#include "../../../native/pipeline/stages.h"
#include "../../../native/rank/attention.h"
#include "../../../native/recall/fold_in.h"
#include "../../../native/recall/intent.h"
#include "../../../native/recall/rules.h"
#include "../../../native/recall/sessions.h"
#include "../learn/shop.h"

/// What is known of some rows: of each source a column, with NaN where it has no score.
struct ByHand {
  std::vector<uint32_t> rows;
  std::vector<std::vector<double>> columns;
  std::vector<std::vector<double>> z;  // zeros where there is no score
  std::vector<double> scores;          // of the blend
};

/// What a shopper had, each event counting half as much every half-life before the newest of all. 0 for what they never
/// had.
inline double repeatsByHand(const kairank::HistoryEvent* events, size_t count, double halfLife, uint32_t row) {
  double sum = 0;
  for (size_t e = 0; e < count; e++) {
    if (events[e].row != row || !(events[e].weight > 0)) continue;
    sum += events[e].weight * std::pow(2.0, -(events[count - 1].at - events[e].at) / 86400e3 / halfLife);
  }
  return sum;
}

/// What an item's returns multiply it by.
inline double returningByHand(const kairank::ModelSet& models, uint32_t row) {
  const std::vector<float>& returns = models.counts->returns;
  return row < returns.size() ? std::pow(double{returns[row]}, double{models.attention.returning}) : 1;
}

inline ByHand scoresByHand(const kairank::ModelSet& models, const kairank::Ask& ask,
                           const std::vector<uint32_t>& rows) {
  using namespace kairank;
  const uint32_t items = models.items;
  const auto columnOf = [](Source source) { return static_cast<size_t>(source); };
  ByHand out;
  out.rows = rows;
  std::vector<std::vector<double>>& columns = out.columns;
  columns.assign(kSources, std::vector<double>(rows.size(), NAN));
  std::vector<Vote> votes;
  if (models.rules) {
    collectVotes(ask.events, ask.eventCount, items, models.rules->decay, models.rules->maxEvents, votes);
    for (size_t i = 0; i < rows.size(); i++) {
      double sum = 0;
      for (const Vote& vote : votes) sum += double{vote.weight} * ruleValue(*models.rules, vote.row, rows[i]);
      if (sum > 0) columns[columnOf(Source::rules)][i] = std::log(sum);
    }
  }
  if (models.factors) {
    const FactorsModel& factors = *models.factors;
    collectVotes(ask.events, ask.eventCount, items, factors.decay, factors.maxEvents, votes);
    FoldInScratch scratch;
    std::vector<float> x(factors.dim);
    const bool folded = foldIn(factors, nullptr, votes, scratch, x.data());
    Attended attended;
    const bool attends = attend(models, models.attention, ask.events, ask.eventCount, attended);
    for (size_t i = 0; i < rows.size(); i++) {
      if (!factors.has(rows[i])) continue;
      double product = 0;
      for (uint32_t d = 0; d < factors.dim; d++) product += double{x[d]} * factors.factors[rows[i] * factors.dim + d];
      if (folded) columns[columnOf(Source::factors)][i] = product;
      float score;
      scoreAttention(models, models.attention, attended, &rows[i], 1, &score);
      if (attends) columns[columnOf(Source::attention)][i] = score;
    }
  }
  if (models.intents) {
    const SequenceModel& sequence = models.intents->model();
    IntentScratch scratch;
    std::vector<float> intent(sequence.config.dim);
    const bool known = models.intents->encode(ask.events, ask.eventCount, scratch, intent.data());
    for (size_t i = 0; i < rows.size(); i++) {
      if (!known || !models.seen(rows[i])) continue;
      double product = 0;
      for (uint32_t d = 0; d < sequence.config.dim; d++) product += double{intent[d]} * sequence.item(rows[i])[d];
      columns[columnOf(Source::sequence)][i] = product;
    }
  }
  if (models.sessions) {
    const SessionsModel& sessions = *models.sessions;
    SessionScratch scratch;
    SparseScores scores;
    collectVotes(ask.events, ask.eventCount, items, sessions.decay, sessions.maxEvents, votes);
    scoreSessions(sessions, votes, scratch, scores);
    for (size_t i = 0; i < rows.size(); i++) {
      if (rows[i] < items && scores[rows[i]] > 0) columns[columnOf(Source::sessions)][i] = std::log(scores[rows[i]]);
    }
  }
  if (models.content) {
    const std::vector<double> wanted = wantedContent(*models.content, ask.events, ask.eventCount);
    for (size_t i = 0; i < rows.size(); i++) {
      if (wanted.empty() || rows[i] >= items) continue;
      columns[columnOf(Source::content)][i] = contentScore(*models.content, wanted, rows[i]);
    }
  }
  for (size_t i = 0; i < rows.size(); i++) {
    columns[columnOf(Source::popularity)][i] = rows[i] < items ? std::log1p(models.counts->popularity[rows[i]]) : 0;
    const double had = repeatsByHand(ask.events, ask.eventCount, models.attention.halfLife, rows[i]) *
                       returningByHand(models, rows[i]);
    if (!ask.excludeSeen && had > 0) columns[columnOf(Source::repeats)][i] = std::log(had);
  }
  out.scores.assign(rows.size(), 0.0);
  out.z.assign(kSources, std::vector<double>(rows.size(), 0.0));
  for (size_t s = 0; s < kSources; s++) {
    double sum = 0;
    double count = 0;
    for (double value : columns[s]) {
      if (!std::isnan(value)) sum += value, count++;
    }
    double squares = 0;
    for (double value : columns[s]) {
      if (!std::isnan(value)) squares += (value - sum / count) * (value - sum / count);
    }
    const double deviation = std::sqrt(squares / count);
    for (size_t i = 0; i < rows.size(); i++) {
      if (std::isnan(columns[s][i])) {
        out.scores[i] -= models.blend.missing[s];
      } else if (deviation > 1e-6 * std::fabs(sum / count)) {
        out.z[s][i] = (columns[s][i] - sum / count) / deviation;
        out.scores[i] += models.blend.weight[s] * out.z[s][i];
      }
    }
  }
  return out;
}
