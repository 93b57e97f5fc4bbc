// Ranking of cases against brute force, metrics against permutations, the blend's fit against its own optimum.

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>

#include "../../../native/include/status.h"
#include "../../../native/learn/blend.h"
#include "../../../native/learn/blend_fit.h"
#include "../../../native/learn/factors.h"
#include "../../../native/learn/rank_cases.h"
#include "../../../native/learn/rules.h"
#include "../../../native/learn/sampling.h"
#include "../../../native/recall/fold_in.h"
#include "../../../native/recall/intent.h"
#include "../../../native/recall/make_models.h"
#include "../../../native/recall/rules.h"
#include "../../../native/recall/sessions.h"
#include "../check.h"
#include "shop.h"

using namespace kairank;

namespace {

constexpr uint32_t kItems = 80;
constexpr RankedBy kSingleModels[] = {RankedBy::rules,    RankedBy::sessions,   RankedBy::factors,
                                      RankedBy::sequence, RankedBy::popularity, RankedBy::content};

/// Scores of every row by one model, NaN where it has none.
std::vector<double> scoresOf(const ModelSet& models, RankedBy by, const HistoryEvent* events, size_t count) {
  std::vector<double> out(kItems, NAN);
  std::vector<Vote> votes;
  if (by == RankedBy::popularity) {
    for (uint32_t row = 0; row < kItems; row++) {
      if (models.counts->popularity[row] > 0) out[row] = models.counts->popularity[row];
    }
  } else if (by == RankedBy::rules) {
    collectVotes(events, count, kItems, models.rules->decay, models.rules->maxEvents, votes);
    for (uint32_t row = 0; row < kItems; row++) {
      float sum = 0;
      for (const Vote& vote : votes) sum += vote.weight * ruleValue(*models.rules, vote.row, row);
      if (sum > 0) out[row] = sum;
    }
  } else if (by == RankedBy::sessions) {
    SessionScratch scratch;
    SparseScores scores;
    collectVotes(events, count, kItems, models.sessions->decay, models.sessions->maxEvents, votes);
    scoreSessions(*models.sessions, votes, scratch, scores);
    for (uint32_t row = 0; row < kItems; row++) {
      if (scores[row] > 0) out[row] = scores[row];
    }
  } else if (by == RankedBy::sequence) {
    const SequenceModel& sequence = models.intents->model();
    IntentScratch scratch;
    std::vector<float> intent(sequence.config.dim);
    if (!models.intents->encode(events, count, scratch, intent.data())) return out;
    for (uint32_t row = 0; row < kItems; row++) {
      double product = 0;
      for (uint32_t d = 0; d < sequence.config.dim; d++) product += double{intent[d]} * sequence.item(row)[d];
      if (models.seen(row)) out[row] = product;
    }
  } else if (by == RankedBy::content) {
    const std::vector<double> wanted = wantedContent(*models.content, events, count);
    for (uint32_t row = 0; row < kItems && !wanted.empty(); row++) {
      out[row] = contentScore(*models.content, wanted, row);
    }
  } else {
    const FactorsModel& factors = *models.factors;
    collectVotes(events, count, kItems, factors.decay, factors.maxEvents, votes);
    FoldInScratch scratch;
    std::vector<float> x(factors.dim);
    if (!foldIn(factors, nullptr, votes, scratch, x.data())) return out;
    for (uint32_t row = 0; row < kItems; row++) {
      double product = 0;
      for (uint32_t d = 0; d < factors.dim; d++) product += x[d] * factors.factors[row * factors.dim + d];
      if (factors.has(row)) out[row] = product;
    }
  }
  return out;
}

/// `share`: about how many of the rows may be shown, 0 for all.
void compare(uint64_t seed, RankedBy by, bool excludeSeen, double share = 0) {
  Random random(seed);
  auto rules = std::make_shared<RulesModel>(randomRules(random, kItems, 8));
  // Few distinct values, so that scores tie.
  for (float& value : rules->values) value = value < 0.5f ? 0.25f : 0.5f;
  rules->decay = 1;
  auto factors = std::make_shared<FactorsModel>(randomFactors(random, kItems, 8, true));
  auto sequence = std::make_shared<SequenceModel>(randomSequence(random, kItems));
  auto sessions = std::make_shared<SessionsModel>(randomSessions(random, kItems));
  std::vector<float> popularity(kItems);
  for (float& count : popularity) count = static_cast<float>(random.below(6));
  auto content = std::make_shared<ContentModel>(randomContent(random, kItems));
  const auto models = makeModels(
      {popularity, {}, rules, factors, sequence, sessions, content, AttentionModel{}, Blend{}, nullptr, true});
  Cases cases = casesOf(randomHistories(random, 60, kItems, 9));
  for (uint32_t& target : cases.targets) {
    if (random.below(12) == 0) target = kItems + 3;
  }
  std::vector<uint32_t> chosen;
  for (uint32_t c = 0; c < cases.count(); c += 1 + static_cast<uint32_t>(random.below(2))) chosen.push_back(c);
  RankOptions options;
  options.model = by;
  options.excludeSeen = excludeSeen;
  options.k = 5;
  options.threads = 2;
  std::vector<bool> shown(kItems, share == 0);
  for (uint32_t row = kItems; share > 0 && row-- > 0;) {
    if (random.uniform() >= share) continue;
    shown[row] = true;
    options.within.insert(options.within.end(), 1 + random.below(2), row);  // in any order, some twice
  }
  if (share > 0) options.within.push_back(kItems + 1);  // and some that the models do not know
  Control control;
  const RankedCases ranked = rankCases(*models, cases, chosen, options, control);
  size_t at = 0;
  for (size_t i = 0; i < chosen.size(); i++) {
    const uint32_t c = chosen[i];
    const HistoryEvent* events = cases.histories.events.data() + cases.histories.offsets[c];
    const size_t count = cases.histories.offsets[c + 1] - cases.histories.offsets[c];
    std::vector<double> scores = scoresOf(*models, by, events, count);
    std::vector<bool> seen(kItems, false);
    for (size_t e = 0; excludeSeen && e < count; e++) {
      if (events[e].weight > 0 && events[e].row < kItems) seen[events[e].row] = true;
    }
    uint32_t eligible = 0;
    std::vector<uint32_t> order;
    for (uint32_t row = 0; row < kItems; row++) {
      if (seen[row] || !shown[row]) continue;
      eligible++;
      if (!std::isnan(scores[row])) order.push_back(row);
    }
    CHECK(ranked.eligible[i] == eligible && ranked.scored[i] == order.size());
    // Inner products are f32 sums in an order of their own: only clear differences count here.
    const bool inexact = by == RankedBy::factors || by == RankedBy::sequence || by == RankedBy::content;
    const double fuzz = inexact ? 1e-5 : 0;
    for (uint64_t t = cases.targetOffsets[c]; t < cases.targetOffsets[c + 1]; t++, at++) {
      const uint32_t target = cases.targets[t];
      const TargetRank& rank = ranked.ranks[at];
      const bool found = std::find(order.begin(), order.end(), target) != order.end();
      CHECK(rank.recalled == found);
      if (!found) {
        const bool open = target < kItems && !seen[target] && shown[target];
        CHECK(rank.above == (open ? order.size() : eligible));
        CHECK(rank.tied == (open ? eligible - order.size() - 1 : 0));
        continue;
      }
      uint32_t surely = 0;
      uint32_t perhaps = 0;
      for (uint32_t row : order) {
        surely += scores[row] > scores[target] + fuzz;
        perhaps += row != target && scores[row] >= scores[target] - fuzz;
      }
      CHECK(rank.above >= surely && rank.above + rank.tied <= perhaps);
      if (!inexact) CHECK(rank.above == surely && rank.above + rank.tied == perhaps);
    }
    if (inexact) continue;
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return scores[a] > scores[b]; });
    order.resize(5, kNoRow);
    CHECK(std::equal(order.begin(), order.end(), ranked.top.begin() + i * 5));
  }
}

BlendFeatures featuresFor(Random& random, size_t rows, size_t informative) {
  BlendFeatures features;
  features.wanted = 1;
  features.values.assign(rows * kBlendInputs, 0.0f);
  for (size_t row = 0; row < rows; row++) {
    for (size_t s = 0; s < kSources; s++) {
      features.column(s)[row] = static_cast<float>(random.normal());
    }
  }
  features.targets = {static_cast<uint32_t>(random.below(rows))};
  features.column(informative)[features.targets[0]] += 1.5f;
  return features;
}

}  // namespace

int main() {
  check::test("targets among all rows, by brute force", [] {
    for (RankedBy by : kSingleModels) {
      for (uint64_t seed = 1; seed <= 4; seed++) compare(seed, by, seed % 2 == 0);
    }
  });
  check::test("targets among some of the rows, by brute force", [] {
    for (RankedBy by : kSingleModels) {
      for (uint64_t seed = 5; seed <= 8; seed++) compare(seed, by, seed % 2 == 0, 0.4);
      compare(9, by, true, 0.03);
    }
  });
  check::test("the engine's cases are its answers", [] {
    Random random(40);
    auto rules = std::make_shared<RulesModel>(randomRules(random, kItems, 8));
    auto factors = std::make_shared<FactorsModel>(randomFactors(random, kItems, 8, true));
    Blend blend;
    blend.weight = {1, 1, 1, 0.01f, 0, 0, 1};
    blend.missing = {1, 0, 0, 0};
    auto content = std::make_shared<ContentModel>(randomContent(random, kItems));
    const auto models = makeModels({std::vector<float>(kItems, 2.0f),
                                    {},
                                    rules,
                                    factors,
                                    nullptr,
                                    nullptr,
                                    content,
                                    AttentionModel{},
                                    blend,
                                    nullptr,
                                    true});
    const Cases cases = casesOf(randomHistories(random, 40, kItems, 9));
    std::vector<uint32_t> chosen(cases.count());
    std::iota(chosen.begin(), chosen.end(), 0u);
    RankOptions options;
    options.candidates = 30;
    options.k = 7;
    options.threads = 3;
    Control control;
    const RankedCases ranked = rankCases(*models, cases, chosen, options, control);
    for (uint32_t c : chosen) {
      Ask ask;
      ask.events = cases.histories.events.data() + cases.histories.offsets[c];
      ask.eventCount = cases.histories.offsets[c + 1] - cases.histories.offsets[c];
      ask.eligible.rows = kItems;
      ask.k = ask.candidates = 30;
      Answer answer;
      answerBatch(*models, &ask, 1, *makeScratch(), &answer);
      CHECK(ranked.scored[c] == 30);
      CHECK(std::equal(answer.rows.begin(), answer.rows.begin() + 7, ranked.top.begin() + c * 7));
      for (uint64_t t = cases.targetOffsets[c]; t < cases.targetOffsets[c + 1]; t++) {
        const auto place = std::find(answer.rows.begin(), answer.rows.end(), cases.targets[t]);
        CHECK(ranked.ranks[t].recalled == (place != answer.rows.end()));
        if (place == answer.rows.end()) continue;
        const size_t index = place - answer.rows.begin();
        uint32_t above = 0;
        for (double score : answer.scores) above += score > answer.scores[index];
        CHECK(ranked.ranks[t].above == above);
      }
    }
    // The same among rows that a filter leaves, fewer than are asked for.
    options.within = {70, 1, 2, 3, 5, 8, 13, 21, 34, 55, 64, 79};
    std::vector<std::atomic<uint64_t>> words(2);
    for (uint32_t row : options.within) words[row >> 6] |= uint64_t{1} << (row & 63);
    const RankedCases some = rankCases(*models, cases, chosen, options, control);
    for (uint32_t c : chosen) {
      Ask ask;
      ask.events = cases.histories.events.data() + cases.histories.offsets[c];
      ask.eventCount = cases.histories.offsets[c + 1] - cases.histories.offsets[c];
      ask.eligible.rows = kItems;
      ask.eligible.words = words.data();
      ask.k = ask.candidates = 30;
      Answer answer;
      answerBatch(*models, &ask, 1, *makeScratch(), &answer);
      std::vector<uint32_t> left = options.within;
      for (size_t e = 0; e < ask.eventCount; e++) {
        if (ask.events[e].weight > 0) left.erase(std::remove(left.begin(), left.end(), ask.events[e].row), left.end());
      }
      CHECK(some.eligible[c] == left.size() && some.scored[c] == left.size() && answer.rows.size() == left.size());
      const size_t listed = std::min<size_t>(7, left.size());
      CHECK(std::equal(answer.rows.begin(), answer.rows.begin() + listed, some.top.begin() + c * 7));
      for (size_t i = 0; i < 7; i++) {
        const uint32_t row = some.top[c * 7 + i];
        CHECK(i < listed ? std::find(left.begin(), left.end(), row) != left.end() : row == kNoRow);
      }
      for (uint64_t t = cases.targetOffsets[c]; t < cases.targetOffsets[c + 1]; t++) {
        CHECK(some.ranks[t].recalled == (std::find(left.begin(), left.end(), cases.targets[t]) != left.end()));
      }
    }
    const auto refused = [&](const ModelSet& set) {
      try {
        options.model = RankedBy::content;
        rankCases(set, cases, chosen, options, control);
      } catch (const Error& error) {
        return error.status() == Status::invalidArgument;
      }
      return false;
    };
    CHECK(!refused(*models) && refused(*popularityModels(std::vector<float>(kItems, 1.0f))));
  });
  check::test("a sample is bounded, however long one history is", [] {
    Histories histories;
    histories.offsets = {0};
    for (const size_t length : {3, 5000, 4}) {
      for (size_t i = 0; i < length; i++) histories.events.push_back(event(static_cast<uint32_t>(i)));
      histories.offsets.push_back(histories.events.size());
    }
    const Histories all = sampleUsers(histories, 6000, 1);
    CHECK(all.offsets == histories.offsets);
    Histories one;
    one.offsets = {0, 5000};
    one.events.assign(histories.events.begin() + 3, histories.events.begin() + 5003);
    const Histories cut = sampleUsers(one, 100, 1);
    CHECK(cut.users() == 1 && cut.events.size() == 100 && cut.events.front().row == 4900);
    CHECK(cut.events.back().row == 4999);
  });
  check::test("metrics with ties are expectations", [] {
    // Two targets of which one is first and one tied with three others from place 8 on: two of four places count.
    const TargetRank ranks[] = {{0, 0, true}, {8, 3, true}};
    const CaseQuality quality = qualityOf(ranks, 2);
    const double ideal = 1 + 1 / std::log2(3.0);
    CHECK(std::fabs(quality.recall - (1 + 0.5) / 2) < 1e-12);
    CHECK(std::fabs(quality.ndcg - (1 + (1 / std::log2(10.0) + 1 / std::log2(11.0)) / 4) / ideal) < 1e-12);
    const TargetRank missed[] = {{3, 2, false}};
    CHECK(qualityOf(missed, 1).ndcg == 0 && qualityOf(missed, 1).recall == 0);
    CHECK(qualityOf(nullptr, 0).ndcg == 0);
  });
  check::test("the fit of a blend is the optimum of its loss", [] {
    Random random(50);
    std::vector<BlendFeatures> cases;
    std::vector<uint32_t> chosen;
    for (uint32_t i = 0; i < 300; i++) {
      cases.push_back(featuresFor(random, 30, i % 3 == 0 ? 1 : 0));
      // Some ask for a basket, of which one is like the others and the rest could be anything.
      for (uint32_t row = 0; row < 30 && i % 4 == 0; row += 7) {
        if (row != cases.back().targets[0]) cases.back().targets.push_back(row);
      }
      cases.back().wanted = static_cast<uint32_t>(cases.back().targets.size());
      chosen.push_back(i);
    }
    const SourceSet sources = 0b0111;
    const Blend blend = fitBlend(cases, chosen, sources, 2, Control());
    CHECK(blend.weight[0] > blend.weight[1] && blend.weight[1] > 0.2f && blend.weight[3] == 0);
    const auto loss = [&](const Blend& at) {
      double sum = 0;
      for (const BlendFeatures& features : cases) {
        double total = 0;
        double wanted = 0;
        for (size_t row = 0; row < features.rows(); row++) {
          double score = 0;
          for (size_t s = 0; s < kSources; s++) score += at.weight[s] * features.column(s)[row];
          total += std::exp(score);
          const auto& targets = features.targets;
          if (std::find(targets.begin(), targets.end(), row) != targets.end()) wanted += std::exp(score);
        }
        sum += std::log(total) - std::log(wanted);
      }
      return sum / cases.size();
    };
    for (size_t s = 0; s < 3; s++) {
      for (float step : {-0.05f, 0.05f}) {
        Blend moved = blend;
        moved.weight[s] = std::max(0.0f, moved.weight[s] + step);
        if (moved.weight[s] != blend.weight[s]) CHECK_THAT(loss(moved) > loss(blend), "source " << s);
      }
    }
    const auto before = meanQuality(blendQualities(cases, chosen, blend, 1, Control()));
    const Blend refined = refineBlend(cases, chosen, blend, 2, Control());
    CHECK(meanQuality(blendQualities(cases, chosen, refined, 1, Control())).ndcg >= before.ndcg);
  });
  check::test("a blend is learned, and repeats whatever the threads", [] {
    Random random(60);
    Dataset data;
    data.items = kItems;
    data.validation = casesOf(randomHistories(random, 300, kItems, 10));
    data.train = data.validation.histories;
    const Positives positives = positivesOf(data.train, kItems);
    const auto rules = fitRules(RuleEvents(data.train, kItems), RuleSettings{}, 1, Control());
    FactorSettings settings;
    settings.dim = 8;
    Control first;
    const auto factors = fitFactors(positives, settings, 1, 1, first);
    BlendOptions options;
    options.candidates = 40;
    Control a;
    ModelParts parts;
    parts.popularity = positives.popularity;
    parts.rules = rules;
    parts.factors = factors;
    const LearnedBlend one = learnBlend(data, parts, options, a);
    options.threads = 3;
    Control b;
    const LearnedBlend three = learnBlend(data, parts, options, b);
    CHECK(one.models->blend.weight == three.models->blend.weight);
    CHECK(one.models->blend.missing == three.models->blend.missing);
    CHECK(one.models->attention.scale == three.models->attention.scale);
    CHECK(one.models->excludeSeen == three.models->excludeSeen);
    CHECK(one.trials.size() == three.trials.size());
    // Targets repeat in this shop, so both rules for seen items were tried.
    const auto tried = [&](double exclude) {
      return std::any_of(one.trials.begin(), one.trials.end(),
                         [&](const Trial& trial) { return trial.settings[0].second == exclude; });
    };
    CHECK(tried(0) && tried(1));
  });
  check::test("a blend without cases, models or users", [] {
    Dataset data;
    data.items = 3;
    data.train.offsets = data.validation.histories.offsets = data.validation.targetOffsets = {0};
    Control control;
    ModelParts parts;
    parts.popularity = {0, 2, 1};
    const LearnedBlend learned = learnBlend(data, parts, BlendOptions{}, control);
    CHECK(learned.trials.empty() && learned.models->excludeSeen);
    Ask ask;
    ask.eligible.rows = 3;
    Answer answer;
    answerBatch(*learned.models, &ask, 1, *makeScratch(), &answer);
    CHECK((answer.rows == std::vector<uint32_t>{1, 2, 0}));
    for (double score : answer.scores) CHECK(std::isfinite(score));
  });
  return check::finish();
}
