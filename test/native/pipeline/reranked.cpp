// Repeats and the ranker in the way of a request, against the same by hand in double precision.

#include <algorithm>
#include <atomic>
#include <cmath>

#include "../../../native/pipeline/stages.h"
#include "../../../native/recall/repeats.h"
#include "../check.h"
#include "../rank/inputs_by_hand.h"
#include "by_hand.h"
#include "made_up.h"

using namespace kairank;
using namespace made_up;

namespace {

/// A request with a ranker over the first `rows` rows, few enough that no two scores differ by rounding alone.
void compareRanked(uint64_t seed, With with, size_t events, uint32_t depth) {
  constexpr uint32_t kFew = 40;
  constexpr uint32_t kFrom = kItems - 25;  // and so some that came after the models
  Random random(seed);
  with.ranker = std::make_shared<RankerModel>(randomRanker(random, depth));
  const auto models = modelsOf(random, with);
  std::vector<HistoryEvent> history = historyOf(random, events, kFew);
  for (HistoryEvent& each : history) each.row += kFrom - kFew / 2;
  std::vector<std::atomic<uint64_t>> words((kItems + 10 + 63) / 64);
  std::vector<uint32_t> rows;
  Ask ask = askOf(history);
  ask.excludeSeen = seed % 2 == 0;
  for (uint32_t row = kFrom; row < std::min(kFrom + kFew, kItems + 10); row++) {
    words[row >> 6] |= uint64_t{1} << (row & 63);
    const bool seen = std::any_of(history.begin(), history.end(),
                                  [&](const HistoryEvent& each) { return each.weight > 0 && each.row == row; });
    if (!ask.excludeSeen || !seen) rows.push_back(row);
  }
  ask.eligible.words = words.data();
  ask.k = kItems;
  const ByHand found = scoresByHand(*models, ask, rows);
  const RankedByHand byHand(*models, ask, found);

  ScratchPtr scratch = makeScratch();
  Answer answer;
  answerBatch(*models, &ask, 1, *scratch, &answer);
  const Network network(*with.ranker);
  const size_t ranked = std::min<size_t>(depth, rows.size());
  CHECK(answer.rows.size() == rows.size());
  std::vector<std::pair<double, uint32_t>> best;
  for (size_t place = 0; place < ranked; place++) {
    const std::vector<double> inputs = inputsByHand(byHand, place);
    CHECK_THAT(inputs.size() == kRankerInputs, inputs.size() << " inputs by hand");
    if (inputs.size() != kRankerInputs) return;
    best.emplace_back(-network.score(inputs), rows[byHand.order[place]]);
  }
  std::sort(best.begin(), best.end());
  for (size_t i = 0; i < ranked; i++) {
    CHECK_THAT(answer.rows[i] == best[i].second, "place " << i << " seed " << seed << " events " << events);
    CHECK_THAT(std::fabs(answer.scores[i] + best[i].first) < 1e-3,
               "place " << i << " seed " << seed << ": " << answer.scores[i] << " for " << -best[i].first);
  }
  // What the ranker does not order stays as the blend had it, below.
  for (size_t i = ranked; i < rows.size(); i++) {
    CHECK(answer.rows[i] == rows[byHand.order[i]]);
    CHECK(answer.scores[i] < answer.scores[ranked - 1]);
    if (i == ranked) continue;
    const double apart = found.scores[byHand.order[i - 1]] - found.scores[byHand.order[i]];
    CHECK(std::fabs(answer.scores[i - 1] - answer.scores[i] - apart) < 1e-3);
  }
  // Of the same candidates, showing few does not change which.
  Answer few;
  ask.given = rows.data();
  ask.givenCount = rows.size();
  ask.k = 3;
  answerBatch(*models, &ask, 1, *scratch, &few);
  CHECK(std::equal(few.rows.begin(), few.rows.end(), answer.rows.begin(), answer.rows.begin() + 3));
  for (size_t i = 0; i < few.rows.size(); i++) CHECK(std::fabs(few.scores[i] - answer.scores[i]) < 1e-4);
}

}  // namespace

int main() {
  check::test("the ranker orders the best by the blend, as by hand", [] {
    for (uint64_t seed = 1; seed <= 6; seed++) {
      for (uint32_t depth : {1, 7, 200}) {
        compareRanked(seed, With{}, 12, depth);
        compareRanked(seed, With{}, 60, depth);
      }
      compareRanked(seed, {false, true, false, false}, 12, 9);
      compareRanked(seed, {false, false, true, true}, 12, 9);
      compareRanked(seed, {true, false, false, false}, 12, 9);
      compareRanked(seed, {false, false, false, false}, 12, 9);
      compareRanked(seed, With{}, 0, 9);
    }
  });
  check::test("the ranker hears attention where the blend does not, as it did when it learned", [] {
    With with;
    with.blendsAttention = false;
    for (uint64_t seed = 7; seed <= 10; seed++) compareRanked(seed, with, 12, 20);
  });
  check::test("what was had often and lately is recalled, whatever else is there", [] {
    for (uint64_t seed = 1; seed <= 5; seed++) {
      Random random(seed + 60);
      std::vector<float> popularity(kItems);
      for (float& count : popularity) count = static_cast<float>(random.below(9));
      ModelParts parts;
      parts.popularity = popularity;
      parts.attention.halfLife = static_cast<float>(3 << seed);
      parts.attention.returning = 0.5f * static_cast<float>(seed % 3);
      for (uint32_t row = 0; row < kItems; row++)
        parts.returns.push_back(static_cast<float>(0.05 + 0.9 * random.uniform()));
      parts.blend.weight[static_cast<size_t>(Source::repeats)] = 1;
      parts.blend.missing[static_cast<size_t>(Source::repeats)] = 50;
      const auto models = makeModels(std::move(parts));
      const std::vector<HistoryEvent> history = historyOf(random, 60);
      std::vector<std::pair<double, uint32_t>> had;
      for (uint32_t row = 0; row < kItems + 10; row++) {
        const double score = repeatsByHand(history.data(), history.size(), models->attention.halfLife, row) *
                             returningByHand(*models, row);
        if (score > 0 && row % 7 != 0) had.emplace_back(-score, row);
      }
      std::sort(had.begin(), had.end());
      std::vector<uint32_t> excluded;
      for (uint32_t row = 0; row < kItems + 10; row += 7) excluded.push_back(row);
      Ask ask = askOf(history);
      ask.excludeSeen = false;
      ask.excluded = excluded.data();
      ask.excludedCount = excluded.size();
      ask.k = ask.candidates = 8;
      Answer answer;
      answerBatch(*models, &ask, 1, *makeScratch(), &answer);
      for (size_t i = 0; i < 8; i++) {
        CHECK_THAT(answer.rows[i] == had[i].second, "seed " << seed << " place " << i);
        CHECK((answer.sources[i] & sourceBit(Source::repeats)) != 0);
      }
    }
  });
  check::test("ages, weights and times of repeats beyond reason", [] {
    SparseScores scores;
    std::vector<HistoryEvent> history = {event(1), event(2, INFINITY), event(3), event(kNoRow), event(4, -1), event(9)};
    const double ages[] = {1e9, 10, -5, 3, 1, 0};
    for (size_t i = 0; i < history.size(); i++) history[i].at = 1.7e12 - ages[i] * kDay;
    scoreRepeats(history.data(), history.size(), 10, nullptr, 5, scores);
    // Sixty half-lives are the longest age, and what is newer than the newest is as new as that.
    CHECK(std::fabs(scores[1] / std::exp2(-60.0) - 1) < 1e-6);
    CHECK(scores[2] == kMaxEventWeight / 2 && scores[3] == 1 && scores[4] == 0 && scores[9] == 1 && scores[0] == 0);
    // Returns are of the rows that training knew; of later ones nothing is known.
    const std::vector<float> returning = {1, 1, 1, 0.25f};
    scoreRepeats(history.data(), history.size(), 10, &returning, 5, scores);
    CHECK(scores[3] == 0.25f && scores[9] == 1);
    history[2].at = NAN;
    scoreRepeats(history.data(), history.size(), 10, nullptr, 5, scores);
    CHECK(std::isfinite(scores[3]) && scores[9] == 1);
    scoreRepeats(nullptr, 0, 10, nullptr, 5, scores);
    CHECK(scores.begin() == scores.end() && scores[1] == 0);
  });
  return check::finish();
}
