// Attributes of items and what the ranker is told of them: against the definition in double precision, late items among
// them, and a shop whose categories alone say what is wanted.

#include "../../../native/rank/interests.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "../../../native/include/status.h"
#include "../../../native/learn/ranker/learn.h"
#include "../../../native/pipeline/core.h"
#include "../check.h"
#include "../learn/ranker_shop.h"
#include "inputs_by_hand.h"

using namespace kairank;

namespace {

constexpr uint32_t kItems = 40;

/// The inputs of every row for some last items, as by hand.
void checkInputs(const ModelSet& models, uint32_t rows, const std::vector<uint32_t>& last) {
  Candidates candidates;
  std::vector<uint32_t> chosen;
  std::vector<HistoryEvent> events;
  for (size_t k = last.size(); k-- > 0;) events.push_back(event(last[k]));
  Ask ask;
  ask.events = events.data();
  ask.eventCount = events.size();
  ByHand found;
  for (uint32_t row = 0; row < rows; row++) {
    candidates.add(row);
    chosen.push_back(row);
    found.rows.push_back(row);
    found.scores.push_back(0);
  }
  constexpr size_t kStride = kInterestInputs + 3;
  std::vector<float> inputs(rows * kStride, 7.0f);
  InterestScratch scratch;
  // What another shopper left behind is nothing to this one.
  interestInputs(models, candidates, chosen, {3, 8, 1}, scratch, inputs.data(), kStride);
  interestInputs(models, candidates, chosen, last, scratch, inputs.data(), kStride);
  const RankedByHand ranked(models, ask, found);
  CHECK(ranked.last == last);
  for (size_t place = 0; place < rows; place++) {
    std::vector<double> expected;
    interestsByHand(ranked, place, expected);
    CHECK(expected.size() == kInterestInputs);
    for (size_t i = 0; i < kStride; i++) {
      const double wanted = i < expected.size() ? expected[i] : 7;
      const double told = inputs[place * kStride + i];
      CHECK_THAT(std::fabs(told - wanted) < 1e-5,
                 "input " << i << " of row " << place << ": " << told << " for " << wanted);
    }
  }
}

std::vector<uint32_t> someRows(Random& random, uint32_t rows, size_t count) {
  std::vector<uint32_t> all(rows);
  for (uint32_t row = 0; row < rows; row++) all[row] = row;
  for (size_t i = 0; i < count; i++) std::swap(all[i], all[i + random.below(rows - i)]);
  all.resize(count);
  return all;
}

bool refused(const AttributeValues& values) {
  try {
    makeAttributes(values);
    return false;
  } catch (const Error& error) {
    return error.status() == Status::invalidArgument && std::string(error.what()).find("attributes: ") == 0;
  }
}

}  // namespace

int main() {
  check::test("a number's quantile is the share of the items below it, ties half", [] {
    Random random(1);
    AttributeValues values;
    values.items = 3000;
    values.numbers = 2;
    for (uint32_t row = 0; row < values.items; row++) {
      values.values.push_back(random.below(4) == 0 ? NAN : std::exp(3 * random.normal()));
      values.values.push_back(static_cast<double>(random.below(5)));
    }
    const auto model = makeAttributes(values);
    for (uint32_t f = 0; f < 2; f++) {
      for (uint32_t row = 0; row < values.items; row += 7) {
        const double value = values.values[row * 2 + f];
        const double told = model->of(row).quantiles[f];
        if (std::isnan(value)) {
          CHECK(told == kNoQuantile);
          continue;
        }
        double below = 0, known = 0;
        for (uint32_t other = 0; other < values.items; other++) {
          const double theirs = values.values[other * 2 + f];
          if (std::isnan(theirs)) continue;
          known++;
          below += theirs < value ? 1 : theirs == value ? 0.5 : 0;
        }
        CHECK_THAT(std::fabs(told - below / known) < 1.0 / 50, told << " for " << below / known);
      }
    }
  });
  check::test("inputs are as by hand, whatever is known of whom", [] {
    for (uint64_t seed = 1; seed <= 5; seed++) {
      Random random(seed);
      ModelParts parts;
      parts.popularity.assign(kItems, 1.0f);
      parts.attributes = makeAttributes(randomAttributes(random, kItems));
      const auto models = makeModels(std::move(parts));
      for (size_t count : {0, 1, 4, 10}) checkInputs(*models, kItems + 3, someRows(random, kItems + 3, count));
    }
  });
  check::test("items that are put late, and anew, have the attributes that they were put with", [] {
    Random random(11);
    CoreSettings settings;
    settings.typeWeights = {1};
    settings.queueLimit = 10;
    const std::shared_ptr<Core> core = Core::create(settings);
    for (uint32_t item = 0; item < kItems + 6; item++) {
      core->eligibility.put({core->items.intern("item" + std::to_string(item), item + 1)}, {});
    }
    AttributeValues known = randomAttributes(random, kItems);
    // Of one item nothing is known.
    std::fill_n(known.labels.begin() + 4 * 5, 4, 0u);
    std::fill_n(known.values.begin() + 2 * 5, 2, NAN);
    ModelParts parts;
    parts.popularity.assign(kItems, 1.0f);
    parts.attributes = makeAttributes(known);
    core->publish(makeModels(std::move(parts)));
    const auto without = core->withoutContent();
    CHECK(std::find(without.begin(), without.end(), 5u) != without.end());
    CHECK(std::count_if(without.begin(), without.end(), [](uint32_t row) { return row >= kItems; }) == 6);

    const AttributeValues late = randomAttributes(random, 5);
    const std::vector<uint32_t> rows = {kItems + 2, 5, kItems + 1, 7, kItems + 2};
    core->putAttributes(late, rows);
    const AttributeValues later = randomAttributes(random, 2);
    core->putAttributes(later, {kItems + 4, 7});
    const auto models = core->models();
    const auto check = [&](uint32_t row, const AttributeValues& values, size_t item) {
      const ItemAttributes own = models->attributesOf(row);
      CHECK(own.there && std::equal(own.labels, own.labels + 4, values.labels.begin() + static_cast<long>(item) * 4));
      for (size_t f = 0; f < 2; f++) {
        // By the values of training: as many are below.
        const double value = values.values[item * 2 + f];
        double below = 0, of = 0;
        for (size_t other = 0; other < kItems; other++) {
          const double theirs = known.values[other * 2 + f];
          if (std::isnan(theirs)) continue;
          of++;
          below += theirs < value ? 1 : theirs == value ? 0.5 : 0;
        }
        CHECK(std::isnan(value) ? own.quantiles[f] == kNoQuantile : std::fabs(own.quantiles[f] - below / of) < 0.07);
      }
    };
    check(kItems + 2, late, 4);
    check(5, late, 1);
    check(kItems + 1, late, 2);
    check(kItems + 4, later, 0);
    check(7, later, 1);
    check(8, known, 8);
    CHECK(!models->attributesOf(kItems + 3).there);
    for (size_t count : {1, 5, 10}) checkInputs(*models, kItems + 6, someRows(random, kItems + 6, count));
    bool thrown = false;
    try {
      AttributeValues other = randomAttributes(random, 1);
      other.slots = {2, 2};
      core->putAttributes(other, {kItems});
    } catch (const Error& error) {
      thrown = error.status() == Status::invalidArgument;
    }
    CHECK(thrown);
  });
  check::test("tables that would be read beyond their memory are refused", [] {
    Random random(12);
    const AttributeValues good = randomAttributes(random, 6);
    CHECK(!refused(good));
    AttributeValues bad = good;
    bad.labels.pop_back();
    CHECK(refused(bad));
    bad = good;
    bad.values.push_back(1);
    CHECK(refused(bad));
    bad = good;
    bad.values[0] = std::numeric_limits<double>::infinity();
    CHECK(refused(bad));
    bad = good;
    bad.slots = {0, 4};
    CHECK(refused(bad));
    bad = good;
    bad.slots = {0xFFFFFFFFu, 5};
    CHECK(refused(bad));
    bad = good;
    bad.numbers = 0x80000001u;
    CHECK(refused(bad));
  });
  check::test("what the shopper's categories say is learned, and its probability with it", [] {
    Random random(13);
    using ranker_shop::Taste;
    AttributeValues values;
    values.items = ranker_shop::kItems;
    values.slots = {1, 1};
    values.numbers = 1;
    ModelParts parts;
    for (uint32_t row = 0; row < ranker_shop::kItems; row++) {
      parts.popularity.push_back(static_cast<float>(1 + random.below(50)));
      values.labels.push_back(1 + row % ranker_shop::kKinds);
      values.labels.push_back(1);  // of one brand, all of them
      values.values.push_back(random.uniform());
    }
    parts.attributes = makeAttributes(values);
    parts.blend.weight[static_cast<size_t>(Source::popularity)] = 1;
    const auto models = makeModels(std::move(parts));
    const Cases taught = ranker_shop::shoppers(random, 1000, Taste::alike, true);
    const Cases choosing = ranker_shop::shoppers(random, 500, Taste::alike, true);
    Control control;
    const LearnedRanker learned = learnRanker(*models, {taught}, *models, choosing, RankerSearch{}, control);
    CHECK(learned.ranker != nullptr);
    CHECK_THAT(learned.with.ndcg > learned.without.ndcg + 0.1, learned.with.ndcg << " over " << learned.without.ndcg);
    const auto others = ranker_shop::described(*models, ranker_shop::shoppers(random, 500, Taste::alike, true));
    if (learned.ranker) CHECK(ranker_shop::areaUnderCurve(*learned.ranker, others) > 0.65);
  });
  return check::finish();
}
