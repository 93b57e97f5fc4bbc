// The ranker learns what the blend ignores, and nothing where there is nothing to learn.

#include <algorithm>
#include <cmath>

#include "../../../native/include/status.h"
#include "../../../native/learn/rank_cases.h"
#include "../../../native/learn/ranker/learn.h"
#include "../../../native/rank/ranker.h"
#include "../../../native/recall/make_models.h"
#include "../check.h"
#include "ranker_shop.h"

using namespace kairank;
using namespace ranker_shop;

namespace {

double lossOf(const RankerModel& model, const std::vector<RankerCase>& cases) {
  double sum = 0, count = 0;
  std::vector<float> hidden, scores;
  for (const RankerCase& one : cases) {
    if (one.targets.empty()) continue;
    std::vector<float> inputs = one.inputs;
    scores.resize(one.rows());
    rankerScores(model, inputs.data(), one.rows(), hidden, scores.data());
    double total = 0;
    for (float score : scores) total += std::exp(double{score});
    for (uint32_t target : one.targets) sum += (std::log(total) - scores[target]) / one.targets.size();
    count++;
  }
  return sum / count;
}

/// Mean NDCG@10 of the engine's answers.
double served(const ModelSet& models, const Cases& cases) {
  std::vector<uint32_t> all(cases.count());
  for (uint32_t c = 0; c < all.size(); c++) all[c] = c;
  RankOptions options;
  options.model = RankedBy::engine;
  options.excludeSeen = models.excludeSeen;
  options.candidates = 500;
  Control control;
  return meanQuality(qualities(rankCases(models, cases, all, options, control), cases, all)).ndcg;
}

void checkGain(Taste taste, bool excludeSeen) {
  Random random(taste == Taste::again ? 1 : 2);
  const auto models = modelsOf(random, excludeSeen, nullptr);
  const Cases taught = shoppers(random, 1000, taste, excludeSeen);
  const Cases choosing = shoppers(random, 500, taste, excludeSeen);
  const Cases others = shoppers(random, 500, taste, excludeSeen);
  RankerSearch search;
  Control control;
  const LearnedRanker learned = learnRanker(*models, {taught}, *models, choosing, search, control);
  CHECK(learned.ranker != nullptr);
  if (!learned.ranker) return;
  checkRanker(*learned.ranker);
  CHECK_THAT(learned.with.ndcg > learned.without.ndcg + 0.15, learned.with.ndcg << " over " << learned.without.ndcg);
  CHECK(learned.error > 0 && learned.error < 0.05);
  double best = 0;
  for (const Trial& trial : learned.trials) best = std::max(best, trial.ndcg);
  CHECK(learned.settings.epochs <= learned.trials.size() && learned.trials[learned.settings.epochs - 1].ndcg == best);
  CHECK_THAT(learned.with.ndcg <= best && learned.with.ndcg > best - 0.03, learned.with.ndcg << " of " << best);
  // What validation promises, requests keep, on shoppers that had no say in it.
  ModelParts parts = partsOf(*models);
  CHECK_THAT(std::fabs(served(*models, choosing) - learned.without.ndcg) < 1e-6, served(*models, choosing));
  const double before = served(*models, others);
  parts.ranker = learned.ranker;
  const auto ranked = makeModels(std::move(parts));
  CHECK_THAT(std::fabs(served(*ranked, choosing) - best) < 2e-3, served(*ranked, choosing) << " for " << best);
  CHECK_THAT(served(*ranked, others) > before + 0.15, served(*ranked, others) << " over " << before);
  CHECK(areaUnderCurve(*learned.ranker, described(*models, others)) > 0.65);
}

}  // namespace

int main() {
  check::test("the loss falls, and the network is the same at any number of threads", [] {
    Random random(3);
    const auto models = modelsOf(random, false, nullptr);
    const std::vector<RankerCase> cases = described(*models, shoppers(random, 400, Taste::again, false));
    const Control control;
    RankerTrainer one(cases, RankerSettings{}, 5, 1, control);
    RankerTrainer four(cases, RankerSettings{}, 5, 4, control);
    RankerTrainer other(cases, RankerSettings{}, 6, 4, control);
    const double before = lossOf(*one.model(), cases);
    for (int epoch = 0; epoch < 5; epoch++) {
      CHECK(one.epoch() == four.epoch());
      other.epoch();
      const auto a = one.model(), b = four.model();
      CHECK(a->weights == b->weights && a->trust == b->trust && a->slope == b->slope && a->offset == b->offset);
    }
    CHECK(one.model()->weights != other.model()->weights);
    const double after = lossOf(*one.model(), cases);
    CHECK_THAT(after < before - 0.5, after << " after " << before);
  });
  check::test("what was had before decides, and the blend ignores it", [] { checkGain(Taste::again, false); });
  check::test("what items are about decides, and the blend ignores it", [] { checkGain(Taste::alike, true); });
  check::test("who is wanted by chance is not foretold", [] {
    for (const bool excludeSeen : {false, true}) {
      Random random(excludeSeen ? 11 : 12);
      const auto models = modelsOf(random, excludeSeen, nullptr);
      const auto lessons = described(*models, shoppers(random, 2000, Taste::chance, excludeSeen));
      const auto others = described(*models, shoppers(random, 4000, Taste::chance, excludeSeen));
      const Control control;
      RankerTrainer trainer(lessons, RankerSettings{}, 1, 1, control);
      for (int epoch = 0; epoch < 6; epoch++) trainer.epoch();
      const double area = areaUnderCurve(*trainer.model(), others);
      CHECK_THAT(std::fabs(area - 0.5) < 0.02, area);
    }
  });
  check::test("where labels are shuffled there is no ranker", [] {
    for (uint64_t seed = 21; seed <= 26; seed++) {
      Random random(seed);
      const auto models = modelsOf(random, false, nullptr);
      // By popularity, whoever asks: what the blend knows already.
      std::vector<uint32_t> urn;
      for (uint32_t row = 0; row < kItems; row++) {
        urn.insert(urn.end(), static_cast<size_t>(models->counts->popularity[row]), row);
      }
      Cases cases[2];
      for (Cases& some : cases) {
        some = shoppers(random, 1000, Taste::chance, false);
        for (uint32_t& target : some.targets) target = urn[random.below(urn.size())];
      }
      RankerSearch search;
      search.seed = seed;
      Control control;
      const LearnedRanker learned = learnRanker(*models, {cases[0]}, *models, cases[1], search, control);
      CHECK_THAT(!learned.ranker, "seed " << seed << ": " << learned.with.ndcg << " over " << learned.without.ndcg
                                          << " +- " << learned.error);
      CHECK(!learned.trials.empty());
    }
  });
  check::test("too little teaches nothing", [] {
    Random random(4);
    const auto models = modelsOf(random, false, nullptr);
    const Cases few = shoppers(random, 150, Taste::again, false);
    const Cases many = shoppers(random, 300, Taste::again, false);
    const Cases none = shoppers(random, 0, Taste::again, false);
    const auto learn = [&](const Cases& taught, const Cases& choosing) {
      Control control;
      return learnRanker(*models, {taught}, *models, choosing, RankerSearch{}, control);
    };
    const LearnedRanker little = learn(few, many);
    CHECK(!little.ranker && little.trials.empty() && little.with.ndcg == little.without.ndcg);
    const LearnedRanker unjudged = learn(many, none);
    CHECK(!unjudged.ranker && unjudged.trials.empty());
  });
  check::test("it stops when it is told to", [] {
    Random random(5);
    const auto models = modelsOf(random, false, nullptr);
    const Cases cases = shoppers(random, 300, Taste::again, false);
    size_t asked = 0;
    Control control([&] { return ++asked > 40; }, nullptr);
    bool aborted = false;
    try {
      learnRanker(*models, {cases}, *models, cases, RankerSearch{}, control);
    } catch (const Error& error) {
      aborted = error.status() == Status::aborted;
    }
    CHECK(aborted);
  });
  return check::finish();
}
