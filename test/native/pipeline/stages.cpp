// The way of a request against the same made by hand in double precision.

#include "../../../native/pipeline/stages.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <set>

#include "../../../native/include/status.h"
#include "../../../native/include/top.h"
#include "../../../native/recall/make_models.h"
#include "../check.h"
#include "../learn/shop.h"
#include "../rank/inputs_by_hand.h"
#include "by_hand.h"
#include "made_up.h"

using namespace kairank;
using namespace made_up;

namespace {

void compare(uint64_t seed, const With& with, size_t events) {
  Random random(seed);
  const auto models = modelsOf(random, with);
  const std::vector<HistoryEvent> history = historyOf(random, events);
  std::vector<std::atomic<uint64_t>> words((kItems + 10 + 63) / 64);
  for (auto& word : words) word = random.next() | random.next();
  const std::vector<uint32_t> excluded = {3, 5, 9, 5000};
  Ask ask = askOf(history);
  ask.eligible.words = words.data();
  ask.excluded = excluded.data();
  ask.excludedCount = excluded.size();
  ask.excludeSeen = seed % 2 == 0;
  ask.k = kItems + 10;  // every row is a candidate

  std::set<uint32_t> hidden(excluded.begin(), excluded.end());
  for (const HistoryEvent& each : history) {
    if (ask.excludeSeen && each.weight > 0) hidden.insert(each.row);
  }
  std::vector<uint32_t> rows;
  for (uint32_t row = 0; row < kItems + 10; row++) {
    if (ask.eligible.has(row) && hidden.count(row) == 0) rows.push_back(row);
  }
  const std::vector<double> expected = scoresByHand(*models, ask, rows).scores;

  ScratchPtr scratch = makeScratch();
  Answer answer;
  answerBatch(*models, &ask, 1, *scratch, &answer);
  CHECK(std::set<uint32_t>(answer.rows.begin(), answer.rows.end()) == std::set<uint32_t>(rows.begin(), rows.end()));
  CHECK(answer.rows.size() == rows.size() && answer.underfilled);
  for (size_t i = 0; i < answer.rows.size(); i++) {
    const size_t place = std::lower_bound(rows.begin(), rows.end(), answer.rows[i]) - rows.begin();
    CHECK_THAT(std::fabs(answer.scores[i] - expected[place]) < 1e-3, "row " << answer.rows[i] << " seed " << seed);
    double sum = 0;
    for (size_t s = 0; s < kSources; s++) sum += answer.parts[i * kSources + s];
    CHECK(std::fabs(sum - answer.scores[i]) < 1e-6);
    if (i > 0) {
      CHECK(answer.scores[i] < answer.scores[i - 1] ||
            (answer.scores[i] == answer.scores[i - 1] && answer.rows[i] > answer.rows[i - 1]));
    }
  }

  // The same rows given, in any order and some twice, score the same.
  std::vector<uint32_t> given(rows.rbegin(), rows.rend());
  given.insert(given.end(), {rows[0], 3, 90000});
  ask.given = given.data();
  ask.givenCount = given.size();
  Answer ranked;
  answerBatch(*models, &ask, 1, *scratch, &ranked);
  CHECK(ranked.rows == answer.rows);
}

}  // namespace

int main() {
  check::test("every eligible row, scored as by hand", [] {
    for (uint64_t seed = 1; seed <= 6; seed++) {
      compare(seed, {true, true, true, true}, 12);
      compare(seed, {true, true, true, false}, 12);
      compare(seed, {true, true, false, false}, 12);
      compare(seed, {true, false, false, false}, 12);
      compare(seed, {false, true, false, false}, 3);
      compare(seed, {false, false, true, false}, 7);
      compare(seed, {false, false, false, true}, 12);
      compare(seed, {false, false, false, false}, 5);
      compare(seed, {true, true, true, true}, 0);
    }
  });
  check::test("a batch answers as each ask alone", [] {
    Random random(20);
    With with;
    with.ranker = std::make_shared<RankerModel>(randomRanker(random, 15));
    const auto models = modelsOf(random, with);
    std::vector<std::vector<HistoryEvent>> histories;
    for (int i = 0; i < 37; i++) histories.push_back(historyOf(random, random.below(30)));
    std::vector<Ask> asks;
    for (const auto& history : histories) {
      Ask ask = askOf(history);
      ask.candidates = 40;
      ask.k = 10;
      ask.reasons = 2;
      ask.excludeSeen = asks.size() % 3 != 0;
      asks.push_back(ask);
    }
    ScratchPtr scratch = makeScratch();
    std::vector<Answer> together(asks.size());
    answerBatch(*models, asks.data(), asks.size(), *scratch, together.data());
    for (size_t i = 0; i < asks.size(); i++) {
      Answer alone;
      answerBatch(*models, &asks[i], 1, *scratch, &alone);
      CHECK(alone.rows == together[i].rows && alone.scores == together[i].scores);
      CHECK(alone.sources == together[i].sources && alone.reasonEvents == together[i].reasonEvents);
    }
  });
  check::test("candidates are the best of every source, in equal shares", [] {
    Random random(21);
    const auto models = modelsOf(random, With{});
    const std::vector<HistoryEvent> history = historyOf(random, 40);
    Ask ask = askOf(history);
    ask.candidates = ask.k = 30;
    ask.excludeSeen = false;
    Answer answer;
    answerBatch(*models, &ask, 1, *makeScratch(), &answer);
    CHECK(answer.rows.size() == 30 && !answer.underfilled);
    // Rules, sessions, factors, the sequence model, content and repeats.
    const size_t share = 5;
    const auto has = [&](std::vector<ScoredRow> scored) {
      std::sort(scored.begin(), scored.end(), better);
      CHECK(scored.size() >= share);
      for (size_t i = 0; i < share; i++) {
        CHECK(std::find(answer.rows.begin(), answer.rows.end(), scored[i].row) != answer.rows.end());
      }
    };
    const auto listed = [](const SparseScores& sparse) {
      std::vector<ScoredRow> out;
      for (uint32_t row : sparse) out.push_back({sparse[row], row});
      return out;
    };
    std::vector<Vote> votes;
    SparseScores sparse;
    collectVotes(history.data(), history.size(), kItems, models->rules->decay, models->rules->maxEvents, votes);
    scoreRules(*models->rules, votes, sparse);
    has(listed(sparse));
    SessionScratch scratch;
    collectVotes(history.data(), history.size(), kItems, models->sessions->decay, models->sessions->maxEvents, votes);
    scoreSessions(*models->sessions, votes, scratch, sparse);
    has(listed(sparse));
    const SequenceModel& sequence = models->intents->model();
    IntentScratch intents;
    std::vector<float> intent(sequence.config.dim);
    CHECK(models->intents->encode(history.data(), history.size(), intents, intent.data()));
    std::vector<ScoredRow> scored;
    for (uint32_t row = 0; row < kItems; row++) {
      double product = 0;
      for (uint32_t d = 0; d < sequence.config.dim; d++) product += double{intent[d]} * sequence.item(row)[d];
      if (models->seen(row)) scored.push_back({static_cast<float>(product), row});
    }
    has(scored);
    scored.clear();
    const std::vector<double> wanted = wantedContent(*models->content, history.data(), history.size());
    for (uint32_t row = 0; row < kItems; row++) {
      const double score = contentScore(*models->content, wanted, row);
      if (!std::isnan(score)) scored.push_back({static_cast<float>(score), row});
    }
    has(scored);
    scored.clear();
    for (uint32_t row = 0; row < kItems + 10; row++) {
      const double had = repeatsByHand(history.data(), history.size(), models->attention.halfLife, row) *
                         returningByHand(*models, row);
      if (had > 0) scored.push_back({static_cast<float>(had), row});
    }
    has(scored);
    // Where nothing seen is shown again, what was had is no source, and the others have its share.
    ask.excludeSeen = true;
    answerBatch(*models, &ask, 1, *makeScratch(), &answer);
    for (const ScoredRow& had : scored) {
      CHECK(std::find(answer.rows.begin(), answer.rows.end(), had.row) == answer.rows.end());
    }
    for (uint32_t sources : answer.sources) CHECK((sources & sourceBit(Source::repeats)) == 0);
  });
  check::test("popularity, then the row, fills what nobody recalls", [] {
    const auto models = popularityModels({1, 5, 0, 5});
    Ask ask;
    ask.eligible.rows = 6;
    ask.k = 5;
    ask.candidates = 5;
    Answer answer;
    ScratchPtr scratch = makeScratch();
    answerBatch(*models, &ask, 1, *scratch, &answer);
    CHECK((answer.rows == std::vector<uint32_t>{1, 3, 0, 2, 4}));
    CHECK(!answer.underfilled && answer.sources[0] == sourceBit(Source::popularity) && answer.sources[3] == 0);
    ask.k = 9;
    answerBatch(*models, &ask, 1, *scratch, &answer);
    CHECK(answer.rows.size() == 6 && answer.underfilled);
    ask.k = 0;
    answerBatch(*models, &ask, 1, *scratch, &answer);
    CHECK(answer.rows.empty() && !answer.underfilled);
    const auto none = popularityModels({});
    ask.k = 2;
    answerBatch(*none, &ask, 1, *scratch, &answer);
    CHECK((answer.rows == std::vector<uint32_t>{0, 1}));
  });
  check::test("popularity beyond the popular list", [] {
    std::vector<float> popularity(9000);
    for (uint32_t row = 0; row < 9000; row++) popularity[row] = static_cast<float>(9000 - row);
    const auto models = popularityModels(popularity);
    std::vector<std::atomic<uint64_t>> words(9000 / 64 + 1);
    for (auto& word : words) word = 0;
    for (uint32_t row : {8000u, 7000u, 8999u, 100u}) words[row >> 6] |= uint64_t{1} << (row & 63);
    Ask ask;
    ask.eligible.words = words.data();
    ask.eligible.rows = 9000;
    ask.k = 3;
    Answer answer;
    answerBatch(*models, &ask, 1, *makeScratch(), &answer);
    CHECK((answer.rows == std::vector<uint32_t>{100, 7000, 8000}));
  });
  check::test("reasons name distinct items, newest event first", [] {
    // Two axes: items 0 and 1 on one, 2 on the other, 3 without factors but with a rule from 2.
    auto factors = std::make_shared<FactorsModel>();
    factors->items = 5;
    factors->dim = 2;
    factors->factors = {1, 0, 2, 0, 0, 1, 0, 0, 1, 0};
    factors->gram = {1, 0, 0, 1};
    factors->regularisation = 0.1f;
    factors->alpha0 = 0.1f;
    completeFactors(*factors);
    auto rules = std::make_shared<RulesModel>();
    rules->items = 5;
    rules->offsets = {0, 0, 0, 1, 1, 1};
    rules->columns = {3};
    rules->values = {1};
    Blend blend;
    blend.weight = {1, 1, 1, 0};
    AttentionModel attention;
    attention.scale = 10;
    attention.decay = 1;
    const auto models =
        makeModels({{1, 1, 1, 1, 1}, {}, rules, factors, nullptr, nullptr, nullptr, attention, blend, nullptr, true});
    const std::vector<HistoryEvent> history = {event(0), event(2), event(0)};
    const std::vector<uint32_t> given = {1, 3};
    Ask ask = askOf(history);
    ask.eligible.rows = 5;
    ask.given = given.data();
    ask.givenCount = 2;
    ask.k = 2;
    ask.reasons = 3;
    Answer answer;
    answerBatch(*models, &ask, 1, *makeScratch(), &answer);
    const size_t one = answer.rows[0] == 1 ? 0 : 1;
    const double odds = 2 * std::exp(10.0);
    CHECK(answer.reasonEvents[one * 3] == 2 && answer.reasonEvents[one * 3 + 1] == 1);
    CHECK(answer.reasonEvents[one * 3 + 2] == kNoEvent && answer.reasonWeights[one * 3 + 2] == 0);
    CHECK(std::fabs(answer.reasonWeights[one * 3] - odds / (odds + 1)) < 1e-5);
    const size_t three = 1 - one;
    CHECK(answer.reasonEvents[three * 3] == 1 && answer.reasonWeights[three * 3] == 1);
    CHECK(answer.reasonEvents[three * 3 + 1] == kNoEvent);
  });
  check::test("the best n of a stream, ties by position", [] {
    Random random(30);
    for (size_t n : {0, 1, 5, 64}) {
      TopRows top;
      top.reset(n);
      std::vector<ScoredRow> all;
      for (uint32_t row = 0; row < 500; row++) {
        const float score = static_cast<float>(random.below(40));
        all.push_back({score, row});
        top.offer(score, row);
      }
      std::sort(all.begin(), all.end(), better);
      const auto& best = top.sorted();
      CHECK(best.size() == n);
      for (size_t i = 0; i < best.size(); i++) CHECK(best[i].row == all[i].row && best[i].score == all[i].score);
    }
  });
  check::test("models that would be read beyond their memory are refused", [] {
    const auto refused = [](auto make) {
      try {
        make();
      } catch (const Error& error) {
        return error.status() == Status::invalidArgument;
      }
      return false;
    };
    Random random(31);
    auto factors = std::make_shared<FactorsModel>(randomFactors(random, 10, 4, true));
    CHECK(refused([&] {
      makeModels({{1, 2}, {}, nullptr, factors, nullptr, nullptr, nullptr, AttentionModel{}, Blend{}, nullptr, true});
    }));
    CHECK(refused([&] { popularityModels({1, NAN}); }));
    CHECK(refused([&] { popularityModels({-1}); }));
    ModelParts parts;
    parts.popularity = {1, 2};
    parts.content = std::make_shared<ContentModel>(randomContent(random, 3));
    CHECK(refused([&] { makeModels(parts); }));
    AttentionModel attention;
    attention.maxEvents = 1u << 30;
    CHECK(refused([&] {
      makeModels({{1}, {}, nullptr, nullptr, nullptr, nullptr, nullptr, attention, Blend{}, nullptr, true});
    }));
    factors->gram[0] = -1;
    CHECK(refused([&] { completeFactors(*factors); }));
    ModelParts ranked;
    ranked.popularity = {1};
    auto ranker = std::make_shared<RankerModel>(randomRanker(random, 5));
    ranked.ranker = ranker;
    CHECK(!refused([&] { makeModels(ranked); }));
    ranked.recent = {1, 2};
    CHECK(refused([&] { makeModels(ranked); }));
    ranked.recent = {-1};
    CHECK(refused([&] { makeModels(ranked); }));
    ranked.recent.clear();
    for (float halfLife : {0.0f, -1.0f, INFINITY, NAN}) {
      ranked.attention.halfLife = halfLife;
      CHECK(refused([&] { makeModels(ranked); }));
    }
    ranked.attention.halfLife = 1;
    for (float returning : {-0.5f, INFINITY, NAN}) {
      ranked.attention.returning = returning;
      CHECK(refused([&] { makeModels(ranked); }));
    }
    ranked.attention.returning = 0.5f;
    for (float share : {0.0f, -1.0f, 1.5f, NAN}) {
      ranked.returns = {share};
      CHECK(refused([&] { makeModels(ranked); }));
    }
    ranked.returns = {0.5f, 0.5f};
    CHECK(refused([&] { makeModels(ranked); }));
    ranked.returns = {0.5f};
    ranked.ranker = nullptr;
    CHECK(!refused([&] { makeModels(ranked); }));
    ranked.ranker = ranker;
    // Sound by itself, but of other inputs than this version makes.
    ranker->inputs--;
    ranker->mean.pop_back();
    ranker->scale.pop_back();
    ranker->weights.resize(ranker->weightCount());
    checkRanker(*ranker);
    CHECK(refused([&] { makeModels(ranked); }));
  });
  return check::finish();
}
