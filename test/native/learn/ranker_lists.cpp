// Lists that were shown: how their rows are described, and that the ranker learns what is relevant from them, not what
// stood on top.

#include <algorithm>
#include <cmath>

#include "../../../native/learn/ranker/learn.h"
#include "../../../native/rank/ranker.h"
#include "../check.h"
#include "ranker_cases.h"
#include "ranker_shop.h"

using namespace kairank;

namespace {

constexpr size_t kShown = 10;
constexpr size_t kRelevant = 33;  // an input that tells relevance
constexpr uint32_t kRows = 30;

ShownLists listsOf(const Cases& cases) {
  ShownLists lists;
  lists.histories = cases.histories;
  lists.offsets = {0};
  return lists;
}

void show(ShownLists& lists, const std::vector<uint32_t>& rows, const std::vector<uint32_t>& positions,
          const std::vector<float>& gains) {
  lists.rows.insert(lists.rows.end(), rows.begin(), rows.end());
  lists.positions.insert(lists.positions.end(), positions.begin(), positions.end());
  lists.gains.insert(lists.gains.end(), gains.begin(), gains.end());
  lists.offsets.push_back(lists.rows.size());
}

/// The rows of each list among all candidates that a request has: `recalled(ask)` by hand, and what was shown.
template <typename Recalled>
void checkLists(const ModelSet& models, const Cases& cases, Random& random, uint32_t candidates, bool excludeSeen,
                const Recalled& recalled) {
  ShownLists lists = listsOf(cases);
  for (uint32_t c = 0; c < cases.count(); c++) {
    std::vector<uint32_t> all(kRows + 2), rows, positions;
    for (uint32_t row = 0; row < all.size(); row++) all[row] = row;
    std::vector<float> gains;
    for (size_t i = 0; i < 7; i++) {
      std::swap(all[i], all[i + random.below(all.size() - i)]);
      rows.push_back(all[i]);
      positions.push_back(i == 3 ? kNoPosition : static_cast<uint32_t>(3 * i));
      gains.push_back(random.below(3) == 0 ? 0.5f + static_cast<float>(i) : 0.0f);
    }
    show(lists, rows, positions, gains);
  }
  std::vector<uint32_t> chosen;
  for (uint32_t c = 0; c < cases.count(); c += 2) chosen.push_back(c);
  const auto described = describeLists(models, lists, chosen, excludeSeen, candidates, 2, Control());
  CHECK(described.size() == chosen.size());
  for (size_t i = 0; i < chosen.size(); i++) {
    const uint32_t c = chosen[i];
    Ask ask;
    ask.events = cases.histories.events.data() + cases.histories.offsets[c];
    ask.eventCount = cases.histories.offsets[c + 1] - cases.histories.offsets[c];
    ask.excludeSeen = excludeSeen;
    const auto seen = [&](uint32_t row) {
      return std::any_of(ask.events, ask.events + ask.eventCount,
                         [&](const HistoryEvent& one) { return one.weight > 0 && one.row == row; });
    };
    std::vector<uint32_t> rows = recalled(seen);
    for (uint64_t s = lists.offsets[c]; s < lists.offsets[c + 1]; s++) {
      const uint32_t row = lists.rows[s];
      // A row that the models do not know is shown to nobody.
      if (row >= kRows || (excludeSeen && seen(row))) continue;
      if (std::find(rows.begin(), rows.end(), row) == rows.end()) rows.push_back(row);
    }
    const ByHand byHand = scoresByHand(models, ask, rows);
    const RankedByHand ranked(models, ask, byHand);
    std::vector<double> inputs;
    std::vector<uint32_t> targets, positions;
    std::vector<float> gains;
    for (size_t place = 0; place < rows.size(); place++) {
      for (uint64_t s = lists.offsets[c]; s < lists.offsets[c + 1]; s++) {
        if (lists.rows[s] != byHand.rows[ranked.order[place]]) continue;
        const std::vector<double> own = inputsByHand(ranked, place);
        inputs.insert(inputs.end(), own.begin(), own.end());
        if (lists.gains[s] > 0) {
          targets.push_back(static_cast<uint32_t>(positions.size()));
          gains.push_back(lists.gains[s]);
        }
        positions.push_back(lists.positions[s]);
      }
    }
    const RankerCase& one = described[i];
    CHECK(one.targets == targets && one.gains == gains && one.positions == positions);
    CHECK_THAT(one.inputs.size() == inputs.size(), one.inputs.size() << " for " << inputs.size());
    for (size_t n = 0; n < std::min(inputs.size(), one.inputs.size()); n++) {
      CHECK_THAT(std::fabs(one.inputs[n] - inputs[n]) < 1e-3, "input " << n % kRankerInputs << " of row "
                                                                       << n / kRankerInputs << " of list " << c << ": "
                                                                       << one.inputs[n] << " for " << inputs[n]);
    }
  }
}

/// What decides whether an item that is looked at is taken.
enum class Taken { byRelevance, byChance };

/// Lists as a shop shows them that sorts by its blend, give or take a little, which knows nothing of relevance; the
/// place decides whether a shopper looks at all.
std::vector<RankerCase> shownLists(Random& random, size_t count, Taken taken) {
  std::vector<RankerCase> out = randomCases(random, count, kShown);
  for (RankerCase& one : out) {
    one.targets.clear();
    std::vector<std::pair<double, uint32_t>> places;
    for (uint32_t r = 0; r < kShown; r++) {
      places.emplace_back(random.normal() * 0.7 - one.inputs[r * kRankerInputs + kBlendInput], r);
    }
    std::sort(places.begin(), places.end());
    one.positions.resize(kShown);
    for (uint32_t place = 0; place < kShown; place++) one.positions[places[place].second] = place;
    for (uint32_t r = 0; r < kShown; r++) {
      const double relevance = (one.inputs[r * kRankerInputs + kRelevant] - kRelevant % 3) / (1 + kRelevant % 4);
      const double odds = taken == Taken::byRelevance ? std::exp(2 * relevance - 1) : 0.4;
      if (random.uniform() < odds / (1 + odds) / (1 + one.positions[r])) one.targets.push_back(r);
    }
    one.wanted = static_cast<uint32_t>(one.targets.size());
  }
  return out;
}

std::shared_ptr<RankerModel> trained(const std::vector<RankerCase>& lists, RankerTrainer** kept = nullptr) {
  const Control control;
  static std::unique_ptr<RankerTrainer> trainer;
  trainer = std::make_unique<RankerTrainer>(lists, RankerSettings{}, 1, 2, control);
  for (int epoch = 0; epoch < 8; epoch++) trainer->epoch();
  if (kept) *kept = trainer.get();
  return trainer->model();
}

std::vector<RankerCase> withoutPositions(std::vector<RankerCase> lists) {
  for (RankerCase& one : lists) one.positions.clear();
  return lists;
}

/// How a ranker's order agrees with an input's: pairs of a list in the same order, less those in the other, of all.
double agreement(const RankerModel& model, const std::vector<RankerCase>& lists, size_t input) {
  double sum = 0, pairs = 0;
  std::vector<float> hidden, scores;
  for (const RankerCase& one : lists) {
    std::vector<float> inputs = one.inputs;
    scores.resize(one.rows());
    rankerScores(model, inputs.data(), one.rows(), hidden, scores.data());
    for (size_t a = 0; a < one.rows(); a++) {
      for (size_t b = 0; b < a; b++) {
        const double left = one.inputs[a * kRankerInputs + input] - one.inputs[b * kRankerInputs + input];
        sum += left * (scores[a] - scores[b]) > 0 ? 1 : -1;
        pairs++;
      }
    }
  }
  return sum / pairs;
}

/// What each shopper is shown: ten items by popularity, and what they take of them.
ShownLists shelf(Random& random, const ModelSet& models, const Cases& cases, bool byChance) {
  ShownLists lists = listsOf(cases);
  std::vector<uint32_t> popular = models.counts->popular;
  for (uint32_t c = 0; c < cases.count(); c++) {
    std::vector<uint32_t> rows(kShown), positions;
    const uint32_t target = cases.targets[cases.targetOffsets[c]];
    for (size_t i = 0; i < kShown; i++) {
      std::swap(popular[i], popular[i + random.below(popular.size() - i)]);
      rows[i] = popular[i];
      positions.push_back(static_cast<uint32_t>(i));
    }
    if (std::find(rows.begin(), rows.end(), target) == rows.end()) rows[random.below(kShown)] = target;
    std::vector<float> gains(kShown, 0.0f);
    for (size_t i = 0; i < kShown; i++) gains[i] = rows[i] == target;
    if (byChance) std::swap(gains[random.below(kShown)], *std::max_element(gains.begin(), gains.end()));
    show(lists, rows, positions, gains);
  }
  return lists;
}

}  // namespace

int main() {
  check::test("rows that were shown are described as by hand, among what is recalled", [] {
    for (uint64_t seed = 1; seed <= 3; seed++) {
      Random random(seed);
      const auto models = mixedModels(random, kRows);
      const Cases cases = timedCases(random, 16, kRows);
      const bool excludeSeen = seed % 2 == 0;
      checkLists(*models, cases, random, 500, excludeSeen, [&](const auto& seen) {
        std::vector<uint32_t> rows;
        for (uint32_t row = 0; row < kRows; row++) {
          if (!excludeSeen || !seen(row)) rows.push_back(row);
        }
        return rows;
      });
    }
  });
  check::test("rows that would not have been recalled are described among those that are", [] {
    Random random(4);
    ModelParts parts;
    for (uint32_t row = 0; row < kRows; row++) parts.popularity.push_back(static_cast<float>(100 - row));
    parts.blend.weight[static_cast<size_t>(Source::popularity)] = 1;
    const auto models = makeModels(std::move(parts));
    const Cases cases = timedCases(random, 16, kRows);
    checkLists(*models, cases, random, 5, true, [&](const auto& seen) {
      // Five are asked for, but an answer has ten.
      std::vector<uint32_t> rows;
      for (uint32_t row = 0; row < kRows && rows.size() < 10; row++) {
        if (!seen(row)) rows.push_back(row);
      }
      return rows;
    });
  });
  check::test("where the place decides what is looked at, the ranker that is told it finds what is relevant", [] {
    Random random(7);
    const auto lists = shownLists(random, 3000, Taken::byRelevance);
    const auto others = shownLists(random, 500, Taken::byRelevance);
    RankerTrainer* trainer = nullptr;
    const auto told = trained(lists, &trainer);
    const std::vector<float> positions = trainer->positions();
    const auto plain = trained(withoutPositions(lists));
    const double with = agreement(*told, others, kRelevant), without = agreement(*plain, others, kRelevant);
    CHECK_THAT(with > without + 0.1 && with > 0.7, with << " over " << without);
    CHECK(positions.size() == kShown);
    // Looked at a tenth as often: the odds of the last place are so, too, near enough.
    const double odds = std::exp(positions[9] - positions[0]);
    CHECK_THAT(odds > 0.04 && odds < 0.25, odds);
  });
  check::test("where the place alone decides, the ranker that is told it prefers nothing", [] {
    Random random(8);
    const auto lists = shownLists(random, 3000, Taken::byChance);
    const auto others = shownLists(random, 500, Taken::byChance);
    const double with = agreement(*trained(lists), others, kBlendInput);
    const double without = agreement(*trained(withoutPositions(lists)), others, kBlendInput);
    CHECK_THAT(without > 0.5 && std::fabs(with) < 0.25, with << ", not told " << without);
  });
  check::test("what is taken of lists by chance is not foretold", [] {
    Random random(9);
    const auto models = ranker_shop::modelsOf(random, false, nullptr);
    using ranker_shop::Taste;
    const auto described = [&](const Cases& cases) {
      const ShownLists lists = shelf(random, *models, cases, true);
      std::vector<uint32_t> all(lists.count());
      for (uint32_t c = 0; c < all.size(); c++) all[c] = c;
      return describeLists(*models, lists, all, false, 500, 2, Control());
    };
    const auto lessons = described(ranker_shop::shoppers(random, 2000, Taste::chance, false));
    const auto others = described(ranker_shop::shoppers(random, 4000, Taste::chance, false));
    const double area = ranker_shop::areaUnderCurve(*trained(lessons), others);
    CHECK_THAT(std::fabs(area - 0.5) < 0.02, area);
  });
  check::test("what counts for more is put above what counts for less", [] {
    // What is relevant is taken as often as what is not, and only what it counts differs.
    Random random(12);
    for (const float counts : {8.0f, 0.125f}) {
      auto lists = shownLists(random, 1500, Taken::byChance);
      const auto others = shownLists(random, 300, Taken::byChance);
      for (RankerCase& one : lists) {
        one.positions.clear();
        one.targets = {static_cast<uint32_t>(random.below(kShown)), static_cast<uint32_t>(random.below(kShown))};
        one.gains.clear();
        for (uint32_t target : one.targets) {
          const float relevance = one.inputs[target * kRankerInputs + kRelevant] - kRelevant % 3;
          one.gains.push_back(relevance > 0 ? counts : 1);
        }
      }
      const double agrees = agreement(*trained(lists), others, kRelevant);
      CHECK_THAT(counts > 1 ? agrees > 0.3 : agrees < -0.3, agrees << " where it counts " << counts);
    }
  });
  check::test("lists teach where enough came of them", [] {
    Random random(10);
    using ranker_shop::Taste;
    const auto models = ranker_shop::modelsOf(random, true, nullptr);
    const Cases few = ranker_shop::shoppers(random, 20, Taste::chance, true);
    const Cases choosing = ranker_shop::shoppers(random, 500, Taste::alike, true);
    // By popularity, whoever asks: what the blend knows already.
    Cases fashionable = ranker_shop::shoppers(random, 1000, Taste::chance, true);
    std::vector<uint32_t> urn;
    for (uint32_t row = 0; row < ranker_shop::kItems; row++) {
      urn.insert(urn.end(), static_cast<size_t>(models->counts->popularity[row]), row);
    }
    for (uint32_t& target : fashionable.targets) target = urn[random.below(urn.size())];
    const auto learn = [&](size_t count, bool byChance) {
      const ShownLists lists =
          shelf(random, *models, ranker_shop::shoppers(random, count, Taste::alike, true), byChance);
      Control control;
      return learnRanker(*models, {few, &lists}, *models, byChance ? fashionable : choosing, RankerSearch{}, control);
    };
    const LearnedRanker learned = learn(1500, false);
    CHECK_THAT(learned.shown > 1000 && learned.shown <= 1500, learned.shown);
    CHECK_THAT(learned.ranker && learned.with.ndcg > learned.without.ndcg + 0.1,
               learned.with.ndcg << " over " << learned.without.ndcg);
    const LearnedRanker shuffled = learn(1500, true);
    CHECK_THAT(!shuffled.ranker, shuffled.with.ndcg << " over " << shuffled.without.ndcg);
    const LearnedRanker little = learn(150, false);
    CHECK(little.shown == 0 && !little.ranker && little.trials.empty());
  });
  return check::finish();
}
