// The way of a request against the same made by hand in double precision.

#include "../../../native/pipeline/stages.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <set>

#include "../../../native/include/status.h"
#include "../../../native/include/top.h"
#include "../../../native/rank/attention.h"
#include "../../../native/recall/fold_in.h"
#include "../../../native/recall/intent.h"
#include "../../../native/recall/make_models.h"
#include "../../../native/recall/rules.h"
#include "../../../native/recall/sessions.h"
#include "../check.h"
#include "../learn/shop.h"

using namespace kairank;

namespace {

constexpr uint32_t kItems = 250;
constexpr size_t kAttention = static_cast<size_t>(Source::attention);

struct With {
  bool rules = true;
  bool factors = true;
  bool sequence = true;
  bool content = true;
};

std::shared_ptr<const ModelSet> modelsOf(Random& random, const With& with) {
  std::vector<float> popularity(kItems);
  for (float& count : popularity) count = static_cast<float>(random.below(9));
  Blend blend;
  blend.weight = {0.5f, 0.4f, 0.6f, 0.1f, 0.8f, 0.3f, 0.9f};
  blend.missing = {0.7f, 0.2f, 0.3f, 0, 0.1f, 0.2f, 0.4f};
  AttentionModel attention;
  attention.scale = 5;
  ModelParts parts;
  parts.popularity = popularity;
  if (with.rules) parts.rules = std::make_shared<RulesModel>(randomRules(random, kItems, 20));
  if (with.factors) parts.factors = std::make_shared<FactorsModel>(randomFactors(random, kItems, 16, true));
  if (with.sequence) parts.sequence = std::make_shared<SequenceModel>(randomSequence(random, kItems));
  if (with.sequence) parts.sessions = std::make_shared<SessionsModel>(randomSessions(random, kItems));
  if (with.content) parts.content = std::make_shared<ContentModel>(randomContent(random, kItems));
  parts.attention = attention;
  parts.blend = blend;
  return makeModels(std::move(parts));
}

std::vector<HistoryEvent> historyOf(Random& random, size_t count) {
  std::vector<HistoryEvent> out;
  for (size_t i = 0; i < count; i++) {
    const float weights[] = {1, 1, 2, 0.5f, 0, -1};
    // Some rows are newer than the models.
    out.push_back(event(static_cast<uint32_t>(random.below(kItems + 10)), weights[random.below(6)]));
  }
  return out;
}

/// Scores of all sources by the single models, then z-scores and the blend, over the given rows.
std::vector<double> scoresByHand(const ModelSet& models, const Ask& ask, const std::vector<uint32_t>& rows) {
  std::vector<std::vector<double>> columns(kSources, std::vector<double>(rows.size(), NAN));
  std::vector<Vote> votes;
  if (models.rules) {
    collectVotes(ask.events, ask.eventCount, kItems, models.rules->decay, models.rules->maxEvents, votes);
    for (size_t i = 0; i < rows.size(); i++) {
      double sum = 0;
      for (const Vote& vote : votes)
        sum += static_cast<double>(vote.weight) * ruleValue(*models.rules, vote.row, rows[i]);
      if (sum > 0) columns[0][i] = std::log(sum);
    }
  }
  if (models.factors) {
    collectVotes(ask.events, ask.eventCount, kItems, models.factors->decay, models.factors->maxEvents, votes);
    FoldInScratch scratch;
    std::vector<float> x(models.factors->dim);
    const bool folded = foldIn(*models.factors, nullptr, votes, scratch, x.data());
    Attended attended;
    const bool attends = attend(models, models.attention, ask.events, ask.eventCount, attended);
    for (size_t i = 0; i < rows.size(); i++) {
      if (!models.factors->has(rows[i])) continue;
      double product = 0;
      for (uint32_t d = 0; d < models.factors->dim; d++) {
        product += static_cast<double>(x[d]) * models.factors->factors[rows[i] * models.factors->dim + d];
      }
      if (folded) columns[1][i] = product;
      float score;
      scoreAttention(models, models.attention, attended, &rows[i], 1, &score);
      if (attends) columns[kAttention][i] = score;
    }
  }
  if (models.intents) {
    const SequenceModel& sequence = models.intents->model();
    IntentScratch scratch;
    std::vector<float> intent(sequence.config.dim);
    const bool known = models.intents->encode(ask.events, ask.eventCount, scratch, intent.data());
    for (size_t i = 0; i < rows.size(); i++) {
      if (!known || !models.seen(rows[i])) continue;
      columns[4][i] = 0;
      for (uint32_t d = 0; d < sequence.config.dim; d++) {
        columns[4][i] += static_cast<double>(intent[d]) * sequence.item(rows[i])[d];
      }
    }
  }
  if (models.sessions) {
    const SessionsModel& sessions = *models.sessions;
    SessionScratch scratch;
    SparseScores scores;
    collectVotes(ask.events, ask.eventCount, kItems, sessions.decay, sessions.maxEvents, votes);
    scoreSessions(sessions, votes, scratch, scores);
    for (size_t i = 0; i < rows.size(); i++) {
      if (rows[i] < kItems && scores[rows[i]] > 0) columns[5][i] = std::log(scores[rows[i]]);
    }
  }
  if (models.content) {
    const std::vector<double> wanted = wantedContent(*models.content, ask.events, ask.eventCount);
    for (size_t i = 0; i < rows.size(); i++) {
      if (!wanted.empty() && rows[i] < kItems) columns[6][i] = contentScore(*models.content, wanted, rows[i]);
    }
  }
  for (size_t i = 0; i < rows.size(); i++)
    columns[3][i] = rows[i] < kItems ? std::log1p(models.counts->popularity[rows[i]]) : 0;
  std::vector<double> out(rows.size(), 0.0);
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
        out[i] -= models.blend.missing[s];
      } else if (deviation > 1e-9) {
        out[i] += models.blend.weight[s] * (columns[s][i] - sum / count) / deviation;
      }
    }
  }
  return out;
}

Ask askOf(const std::vector<HistoryEvent>& history) {
  Ask ask;
  ask.events = history.data();
  ask.eventCount = history.size();
  ask.eligible.rows = kItems + 10;
  ask.k = 20;
  ask.candidates = 1000;
  return ask;
}

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
  const std::vector<double> expected = scoresByHand(*models, ask, rows);

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
    const auto models = modelsOf(random, With{});
    std::vector<std::vector<HistoryEvent>> histories;
    for (int i = 0; i < 37; i++) histories.push_back(historyOf(random, random.below(30)));
    std::vector<Ask> asks;
    for (const auto& history : histories) {
      Ask ask = askOf(history);
      ask.candidates = 40;
      ask.k = 10;
      ask.reasons = 2;
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
    // Rules, sessions, factors, the sequence model and content.
    const size_t share = 6;
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
  });
  return check::finish();
}
