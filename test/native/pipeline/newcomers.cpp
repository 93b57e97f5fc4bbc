// Items that come after training: their factors against a solution in double precision, and their way into answers.

#include <algorithm>
#include <cmath>

#include "../../../native/learn/factors.h"
#include "../../../native/pipeline/core.h"
#include "../../../native/pipeline/stages.h"
#include "../../../native/recall/make_models.h"
#include "../check.h"
#include "../learn/shop.h"

using namespace kairank;

namespace {

constexpr uint32_t kItems = 60;
constexpr uint32_t kUsers = 90;
constexpr uint32_t kDim = 8;

const std::function<bool()> kNever = [] { return false; };

/// A shop of two tastes: even users have even items, odd users odd ones.
Histories tastes(Random& random) {
  Histories out;
  out.offsets.push_back(0);
  for (uint32_t user = 0; user < kUsers; user++) {
    for (size_t i = 0; i < 8; i++) {
      out.events.push_back(event(static_cast<uint32_t>(random.below(kItems / 2)) * 2 + user % 2));
    }
    out.offsets.push_back(out.events.size());
  }
  return out;
}

std::shared_ptr<const ModelSet> trained(const Histories& histories, uint64_t seed) {
  const Positives positives = positivesOf(histories, kItems);
  FactorSettings settings;
  settings.dim = kDim;
  Control control;
  ModelParts parts;
  parts.popularity = positives.popularity;
  parts.factors = fitFactors(positives, settings, seed, 1, control);
  parts.blend.weight[static_cast<size_t>(Source::factors)] = 1;
  parts.excludeSeen = true;
  return makeModels(std::move(parts));
}

std::shared_ptr<Core> open(const Histories& histories, uint32_t items) {
  CoreSettings settings;
  settings.typeWeights = {1};
  settings.queueLimit = 10;
  std::shared_ptr<Core> core = Core::create(settings);
  for (uint32_t item = 0; item < items; item++) {
    core->eligibility.put({core->items.intern("item" + std::to_string(item), item + 1)}, {});
  }
  for (uint32_t user = 0; user < kUsers; user++) {
    const uint64_t first = histories.offsets[user];
    core->append(core->users.intern("user" + std::to_string(user)), histories.events.data() + first,
                 histories.offsets[user + 1] - first);
  }
  return core;
}

double dot(const float* a, const float* b) {
  double sum = 0;
  for (uint32_t d = 0; d < kDim; d++) sum += static_cast<double>(a[d]) * b[d];
  return sum;
}

/// The factors of an item are where the gradient of the loss is zero, its shoppers folded in from what training knew.
void checkPlaced(const Core& core, const FactorsModel& model, const float* y, const std::vector<uint32_t>& fans,
                 uint32_t row) {
  FoldInScratch scratch;
  std::vector<double> gradient(kDim, 0.0);
  double total = 0;
  double scale = 0;
  for (uint32_t user : fans) {
    std::vector<HistoryEvent> events;
    std::vector<Vote> votes;
    core.histories.read(user, 1000, events);
    collectVotes(events.data(), events.size(), kItems, 1, 1000, votes);
    std::vector<float> x(kDim);
    foldIn(model, nullptr, votes, scratch, x.data());
    double weight = 0;
    for (const HistoryEvent& event : events) weight += event.row == row ? event.weight : 0;
    total += weight;
    for (uint32_t d = 0; d < kDim; d++) gradient[d] -= weight * (1 - dot(x.data(), y)) * x[d];
    scale += weight * std::sqrt(dot(x.data(), x.data()));
  }
  const double lambda = model.regularisation * std::pow(total + model.alpha0 * kUsers, static_cast<double>(model.nu));
  for (uint32_t d = 0; d < kDim; d++) {
    for (uint32_t j = 0; j < kDim; j++) gradient[d] += static_cast<double>(model.userGram[d * kDim + j]) * y[j];
    gradient[d] += lambda * y[d];
    CHECK_THAT(std::fabs(gradient[d]) <= 1e-3 * scale, "row " << row << " axis " << d << ": " << gradient[d]);
  }
}

size_t rankOf(const ModelSet& models, Core& core, uint32_t user, uint32_t row) {
  std::vector<HistoryEvent> events;
  core.histories.read(user, 100, events);
  Ask ask;
  ask.events = events.data();
  ask.eventCount = events.size();
  ask.eligible = {nullptr, core.items.size()};
  ask.k = core.items.size();
  Answer answer;
  answerBatch(models, &ask, 1, *makeScratch(), &answer);
  return static_cast<size_t>(std::find(answer.rows.begin(), answer.rows.end(), row) - answer.rows.begin());
}

}  // namespace

int main() {
  Random random(4);
  const Histories histories = tastes(random);
  const std::shared_ptr<const ModelSet> models = trained(histories, 1);
  // The last three came after training; nobody has had the third.
  const std::shared_ptr<Core> core = open(histories, kItems + 3);
  const HistoryEvent even = event(kItems);
  const HistoryEvent odd[] = {event(kItems + 1), event(kItems + 1, 2)};

  check::test("a core that has no models has no newcomers", [&] {
    CHECK(core->append(0, &even, 1) == 0);
    CHECK(core->place(kNever) == 0);
  });
  check::test("what was done before the models came counts, and what is done after", [&] {
    core->publish(models);
    for (uint32_t user : {2u, 4u, 6u}) CHECK(core->append(user, &even, 1) == 1);
    CHECK(core->append(1, odd, 2) == 2);
    const HistoryEvent known = event(5);
    CHECK(core->append(1, &known, 1) == 0);
    CHECK(core->place(kNever) == 2);
    const std::shared_ptr<const ModelSet> now = core->models();
    CHECK(now->newcomers->rows == (std::vector<uint32_t>{kItems, kItems + 1}));
    checkPlaced(*core, *models->factors, now->factorsOf(kItems), {0, 2, 4, 6}, kItems);
    checkPlaced(*core, *models->factors, now->factorsOf(kItems + 1), {1}, kItems + 1);
    CHECK(now->factorsOf(kItems + 2) == nullptr);
    CHECK(models->newcomers == nullptr);
    const float* unit = now->unitFactorsOf(kItems);
    CHECK(std::fabs(dot(unit, unit) - 1) < 1e-5);
  });
  check::test("those of the same taste are shown it, before what nobody of them wants", [&] {
    const std::shared_ptr<const ModelSet> now = core->models();
    CHECK(rankOf(*now, *core, 10, kItems) < kItems / 2 + 2);
    CHECK(rankOf(*now, *core, 11, kItems) >= kItems / 2 - 8);
    CHECK(rankOf(*now, *core, 10, kItems) < rankOf(*now, *core, 11, kItems));
    CHECK(rankOf(*models, *core, 10, kItems) > rankOf(*now, *core, 10, kItems));
  });
  check::test("a shopper who has nothing but a newcomer is known by it", [&] {
    const uint32_t stranger = core->users.intern("stranger");
    core->append(stranger, &even, 1);
    const std::shared_ptr<const ModelSet> now = core->models();
    CHECK(rankOf(*now, *core, stranger, 2) < rankOf(*now, *core, stranger, 3));
  });
  check::test("more shoppers, other factors; nothing new, nothing changes", [&] {
    const std::shared_ptr<const ModelSet> before = core->models();
    CHECK(core->append(8, &even, 1) == 1);
    CHECK(core->place([] { return true; }) == 2);
    CHECK(core->models() == before);
    CHECK(core->place(kNever) == 2);
    const std::shared_ptr<const ModelSet> now = core->models();
    CHECK(now != before && now->factors == before->factors);
    const uint32_t stranger = core->users.find("stranger");
    checkPlaced(*core, *models->factors, now->factorsOf(kItems), {0, 2, 4, 6, 8, stranger}, kItems);
    CHECK(std::equal(now->factorsOf(kItems + 1), now->factorsOf(kItems + 1) + kDim, before->factorsOf(kItems + 1)));
    CHECK(core->place(kNever) == 2);
    CHECK(core->models() == now);
  });
  check::test("other models begin anew", [&] {
    const std::shared_ptr<const ModelSet> next = trained(histories, 2);
    core->publish(next);
    CHECK(core->models()->newcomers == nullptr);
    CHECK(core->place(kNever) == 2);
    checkPlaced(*core, *next->factors, core->models()->factorsOf(kItems + 1), {1}, kItems + 1);
  });
  return check::finish();
}
