// Rules against a count over all pairs in double precision.

#include "../../../native/learn/rules.h"

#include <cmath>
#include <map>

#include "../check.h"
#include "shop.h"

using namespace kairank;

namespace {

/// The whole matrix by the definition.
std::map<std::pair<uint32_t, uint32_t>, double> countAll(const Histories& histories, uint32_t items,
                                                         const RuleSettings& settings) {
  std::map<std::pair<uint32_t, uint32_t>, double> counts;
  std::vector<double> popularity(items, 0.0);
  const auto newer = [&histories](double at) {
    double above = 0, all = 0;
    for (const HistoryEvent& other : histories.events) {
      if (!(other.weight > 0) || other.row == kNoRow) continue;
      all++;
      above += other.at > at;
    }
    return above / all;
  };
  for (uint32_t user = 0; user < histories.users(); user++) {
    std::vector<HistoryEvent> events;
    for (uint64_t e = histories.offsets[user]; e < histories.offsets[user + 1]; e++) {
      const HistoryEvent& each = histories.events[e];
      if (each.weight > 0 && each.row != kNoRow) events.push_back(each);
    }
    for (size_t i = 0; i < events.size(); i++) {
      popularity[events[i].row] += events[i].weight;
      for (size_t j = i + 1; j < events.size() && j - i <= settings.window; j++) {
        const double share = std::sqrt(static_cast<double>(events[i].weight) * events[j].weight) *
                             std::pow(static_cast<double>(j - i), -settings.power) *
                             std::exp(-settings.ageing * newer(events[j].at));
        counts[{events[i].row, events[j].row}] += share;
        if (settings.back > 0) counts[{events[j].row, events[i].row}] += settings.back * share;
      }
    }
  }
  for (auto& [pair, count] : counts) {
    count *=
        std::pow(popularity[pair.first] + 1, -settings.alpha) * std::pow(popularity[pair.second] + 1, -settings.beta);
  }
  return counts;
}

void compare(uint64_t seed, const RuleSettings& settings) {
  Random random(seed);
  const uint32_t items = 90;
  Histories histories = randomHistories(random, 120, items, 25);
  // Some at the same time; within a history in order.
  for (uint32_t user = 0; user < histories.users(); user++) {
    double at = static_cast<double>(random.below(1000));
    for (uint64_t e = histories.offsets[user]; e < histories.offsets[user + 1]; e++) {
      histories.events[e].at = at += static_cast<double>(random.below(3));
    }
  }
  const auto model = fitRules(RuleEvents(histories, items), settings, 2, Control());
  checkRules(*model);
  auto expected = countAll(histories, items, settings);
  CHECK(model->columns.size() == expected.size());
  for (uint32_t row = 0; row < items; row++) {
    for (uint64_t i = model->offsets[row]; i < model->offsets[row + 1]; i++) {
      const double value = expected[{row, model->columns[i]}];
      CHECK_THAT(std::fabs(model->values[i] - value) <= 1e-5 * value, row << " -> " << model->columns[i]);
      CHECK(i == model->offsets[row] || model->values[i] <= model->values[i - 1]);
    }
  }
}

}  // namespace

int main() {
  check::test("rules of random shops", [] {
    compare(1, RuleSettings{});
    compare(2, {1, 0, 0, 0, 0, 0, 1});
    compare(3, {5, 1, 1, 0.7, 0.3, 0, 0.5});
    compare(4, {1000, 2, 0.25, 0.5, 1, 0, 0.5});
    compare(5, {5, 1, 0.5, 0.5, 0.5, 3, 0.5});
  });
  check::test("only the strongest rules of an item are kept", [] {
    // Item 0 is followed once by each of many, and twice by the last three of them.
    const uint32_t items = static_cast<uint32_t>(kRuleColumns) + 50;
    Histories histories;
    histories.offsets.push_back(0);
    for (uint32_t pass = 0; pass < 2; pass++) {
      for (uint32_t row = pass == 0 ? 1 : items - 3; row < items; row++) {
        histories.events.push_back(event(0));
        histories.events.push_back(event(row));
        histories.offsets.push_back(histories.events.size());
      }
    }
    const auto model = fitRules(RuleEvents(histories, items), {1, 0.5, 0, 0, 0, 0, 1}, 1, Control());
    CHECK(model->offsets[1] == kRuleColumns);
    for (uint32_t i = 0; i < 3; i++) CHECK(model->columns[i] == items - 3 + i && model->values[i] == 2);
    // Among equals the lowest rows stay.
    for (uint32_t i = 3; i < kRuleColumns; i++) CHECK(model->columns[i] == i - 2);
  });
  check::test("the threads do not change the rules, nor what is learned", [] {
    Random random(9);
    const Histories histories = randomHistories(random, 800, 700, 12);
    const RuleEvents events(histories, 700);
    const auto one = fitRules(events, RuleSettings{}, 1, Control());
    const auto four = fitRules(events, RuleSettings{}, 4, Control());
    CHECK(one->offsets == four->offsets && one->columns == four->columns && one->values == four->values);
    Dataset data;
    data.items = 700;
    data.validation = casesOf(histories);
    data.train = data.validation.histories;
    Control a;
    Control b;
    const LearnedRules first = learnRules(data, true, 3, 1, a);
    const LearnedRules second = learnRules(data, true, 3, 3, b);
    CHECK(first.rules->values == second.rules->values && first.rules->decay == second.rules->decay);
    CHECK(first.trials.size() == second.trials.size() && first.trials.size() > 20);
    for (size_t i = 0; i < first.trials.size(); i++) CHECK(first.trials[i].ndcg == second.trials[i].ndcg);
  });
  check::test("a cancelled search stops", [] {
    Random random(10);
    Dataset data;
    data.items = 50;
    data.validation = casesOf(randomHistories(random, 50, 50, 8));
    data.train = data.validation.histories;
    int asked = 0;
    Control control([&asked] { return ++asked > 5; }, nullptr);
    bool aborted = false;
    try {
      learnRules(data, true, 1, 1, control);
    } catch (const Error& error) {
      aborted = error.status() == Status::aborted;
    }
    CHECK(aborted);
  });
  return check::finish();
}
