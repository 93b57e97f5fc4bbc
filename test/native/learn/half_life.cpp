// The half-life of repeats, and the power of the items' returns, that the blend chooses, against brute force.

#include <algorithm>
#include <cmath>
#include <set>

#include "../../../native/learn/blend.h"
#include "../check.h"
#include "../pipeline/by_hand.h"

using namespace kairank;

namespace {

constexpr uint32_t kItems = 80;

}  // namespace

int main() {
  check::test("the half-life of repeats is the one that ranks best, as by brute force", [] {
    constexpr double kDay = 86400e3;
    const double halfLives[] = {7, 30, 90, 365};
    std::set<float> chosen;
    for (double true_ : halfLives) {
      Random random(70 + static_cast<uint64_t>(true_));
      Dataset data;
      data.items = kItems;
      Cases& cases = data.validation;
      cases.histories.offsets = cases.targetOffsets = {0};
      for (int c = 0; c < 250; c++) {
        std::vector<double> had(kItems, 0.0);
        double at = 1.7e12;
        std::vector<uint32_t> rows;
        for (int i = 0; i < 25; i++) rows.push_back(static_cast<uint32_t>(random.below(12)) * 6);
        for (size_t i = rows.size(); i-- > 0;) {
          cases.histories.events.push_back(event(rows[i]));
          cases.histories.events.back().at = at += random.uniform() * 40 * kDay;
        }
        const HistoryEvent* events = cases.histories.events.data() + cases.histories.offsets.back();
        for (uint32_t row = 0; row < kItems; row++) {
          had[row] = repeatsByHand(events, 25, true_, row) * std::exp(random.normal() * 0.05);
        }
        cases.histories.offsets.push_back(cases.histories.events.size());
        const auto most = std::max_element(had.begin(), had.end());
        cases.targets.push_back(static_cast<uint32_t>(most - had.begin()));
        cases.targetOffsets.push_back(cases.targets.size());
      }
      data.train = cases.histories;
      ModelParts parts;
      parts.popularity.assign(kItems, 1.0f);
      BlendOptions options;
      options.excludeSeen = false;
      Control control;
      const LearnedBlend learned = learnBlend(data, parts, options, control);
      double best = -1;
      double wanted = 0;
      for (size_t h = 0; h < 4; h++) {
        double sum = 0;
        for (uint32_t c = 0; c < cases.count(); c++) {
          const HistoryEvent* events = cases.histories.events.data() + cases.histories.offsets[c];
          const double own = repeatsByHand(events, 25, halfLives[h], cases.targets[c]);
          uint32_t above = 0;
          for (uint32_t row = 0; row < kItems; row++) above += repeatsByHand(events, 25, halfLives[h], row) > own;
          if (above < 10) sum += 1 / std::log2(above + 2.0);
        }
        const double ndcg = sum / cases.count();
        CHECK(learned.trials[h].settings[1].first == "halfLife" &&
              learned.trials[h].settings[1].second == halfLives[h]);
        CHECK_THAT(std::fabs(learned.trials[h].ndcg - ndcg) < 1e-6, learned.trials[h].ndcg << " for " << ndcg);
        if (ndcg > best) best = ndcg, wanted = halfLives[h];
      }
      CHECK_THAT(learned.models->attention.halfLife == static_cast<float>(wanted), learned.models->attention.halfLife);
      CHECK(learned.models->blend.weight[static_cast<size_t>(Source::repeats)] > 0);
      chosen.insert(learned.models->attention.halfLife);
    }
    CHECK_THAT(chosen.size() == 4, chosen.size() << " half-lives are found again");
  });
  check::test("the power of the items' returns is the one that ranks best, as by brute force", [] {
    constexpr double kDay = 86400e3;
    const double powers[] = {0, 0.5, 1};
    for (double true_ : powers) {
      Random random(90 + static_cast<uint64_t>(true_ * 4));
      Dataset data;
      data.items = kItems;
      ModelParts parts;
      parts.popularity.assign(kItems, 1.0f);
      for (uint32_t row = 0; row < kItems; row++) {
        parts.returns.push_back(static_cast<float>(std::pow(0.02, random.uniform())));
      }
      const std::vector<float> returns = parts.returns;
      Cases& cases = data.validation;
      cases.histories.offsets = cases.targetOffsets = {0};
      const auto scoreOf = [&](const HistoryEvent* events, double power, uint32_t row) {
        return repeatsByHand(events, 25, 365, row) * std::pow(double{returns[row]}, power);
      };
      for (int c = 0; c < 250; c++) {
        double at = 1.7e12;
        for (int i = 0; i < 25; i++) {
          cases.histories.events.push_back(event(static_cast<uint32_t>(random.below(kItems))));
          cases.histories.events.back().at = at += random.uniform() * 40 * kDay;
        }
        const HistoryEvent* events = cases.histories.events.data() + cases.histories.offsets.back();
        std::vector<double> had(kItems);
        for (uint32_t row = 0; row < kItems; row++) {
          had[row] = scoreOf(events, true_, row) * std::exp(random.normal() * 0.05);
        }
        cases.histories.offsets.push_back(cases.histories.events.size());
        const auto most = std::max_element(had.begin(), had.end());
        cases.targets.push_back(static_cast<uint32_t>(most - had.begin()));
        cases.targetOffsets.push_back(cases.targets.size());
      }
      data.train = cases.histories;
      BlendOptions options;
      options.excludeSeen = false;
      Control control;
      const LearnedBlend learned = learnBlend(data, parts, options, control);
      CHECK_THAT(learned.models->attention.returning == static_cast<float>(true_), learned.models->attention.returning);
      // The half-lives come first, without returns; none at all is what the best of them reached.
      const double halfLife = learned.models->attention.halfLife;
      for (size_t p = 1; p < 3; p++) {
        double sum = 0;
        for (uint32_t c = 0; c < cases.count(); c++) {
          const HistoryEvent* events = cases.histories.events.data() + cases.histories.offsets[c];
          const auto had = [&](uint32_t row) {
            return repeatsByHand(events, 25, halfLife, row) * std::pow(double{returns[row]}, powers[p]);
          };
          const double own = had(cases.targets[c]);
          uint32_t above = 0;
          for (uint32_t row = 0; row < kItems; row++) above += had(row) > own;
          if (above < 10) sum += 1 / std::log2(above + 2.0);
        }
        const Trial& trial = learned.trials[3 + p];
        CHECK(trial.settings[1].first == "returning" && trial.settings[1].second == powers[p]);
        CHECK_THAT(std::fabs(trial.ndcg - sum / cases.count()) < 1e-6, trial.ndcg << " for " << sum / cases.count());
      }
    }
  });
  return check::finish();
}
