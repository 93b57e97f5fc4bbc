// Items put after training, by what they are about: their vectors against the tower in double precision, what is
// recalled of them against brute force, and the prior that they have for their factors.

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>

#include "../../../native/include/status.h"
#include "../../../native/learn/factors.h"
#include "../../../native/pipeline/core.h"
#include "../../../native/pipeline/stages.h"
#include "../../../native/recall/content.h"
#include "../../../native/recall/content_map.h"
#include "../../../native/recall/fold_in.h"
#include "../../../native/recall/make_models.h"
#include "../../../native/state/candidates.h"
#include "../check.h"
#include "../learn/content_shop.h"

using namespace kairank;

namespace {

constexpr uint32_t kItems = 80;
constexpr uint32_t kDim = 7;

std::shared_ptr<const ModelSet> modelsOf(std::shared_ptr<const ContentModel> content) {
  ModelParts parts;
  parts.popularity.assign(kItems, 1.0f);
  parts.content = std::move(content);
  parts.blend.weight[static_cast<size_t>(Source::content)] = 1;
  parts.blend.missing[static_cast<size_t>(Source::content)] = 10;
  return makeModels(std::move(parts));
}

std::shared_ptr<Core> open(uint32_t items) {
  CoreSettings settings;
  settings.typeWeights = {1};
  settings.queueLimit = 10;
  std::shared_ptr<Core> core = Core::create(settings);
  for (uint32_t item = 0; item < items; item++) {
    core->eligibility.put({core->items.intern("item" + std::to_string(item), item + 1)}, {});
  }
  return core;
}

/// What is known of rows by hand: those that came late, over those of training.
using Known = std::map<uint32_t, std::vector<double>>;

Known knownOf(const ContentModel& model) {
  Known out;
  for (uint32_t row = 0; row < model.items; row++) {
    const auto first = model.vectors.begin() + row * model.dim;
    if (std::any_of(first, first + model.dim, [](float x) { return x != 0; }))
      out[row].assign(first, first + model.dim);
  }
  return out;
}

/// Rows by how near they are to what a shopper had, the nearest first.
std::vector<std::pair<double, uint32_t>> nearestByHand(const ContentModel& model, const Known& known,
                                                       const std::vector<HistoryEvent>& history) {
  std::vector<double> wanted(model.dim, 0.0);
  double age = 0;
  for (size_t e = history.size(); e-- > 0; age++) {
    const double weight = history[e].weight * std::pow(double{model.decay}, age);
    const auto found = known.find(history[e].row);
    for (size_t d = 0; d < model.dim; d++) {
      if (found != known.end()) wanted[d] += weight * found->second[d];
      if (history[e].row < model.items) wanted[d] += weight * model.behaviour[history[e].row * model.dim + d];
    }
  }
  toUnit(wanted);
  std::vector<std::pair<double, uint32_t>> out;
  for (const auto& [row, vector] : known) {
    double product = 0;
    for (size_t d = 0; d < model.dim; d++) product += wanted[d] * vector[d];
    out.emplace_back(-product, row);
  }
  std::sort(out.begin(), out.end());
  return out;
}

/// The engine shows the nearest of what may be shown, as by brute force.
void checkNearest(const ModelSet& models, uint32_t rows, const Known& known, const std::vector<HistoryEvent>& history,
                  Random& random, size_t k) {
  std::vector<std::atomic<uint64_t>> words((rows + 63) / 64);
  for (auto& word : words) word = random.next() | random.next();
  Ask ask;
  ask.events = history.data();
  ask.eventCount = history.size();
  ask.eligible.rows = rows;
  ask.eligible.words = words.data();
  ask.k = ask.candidates = static_cast<uint32_t>(k);
  const std::vector<uint32_t> excluded = {kItems + 1, 3};
  ask.excluded = excluded.data();
  ask.excludedCount = excluded.size();
  Answer answer;
  answerBatch(models, &ask, 1, *makeScratch(), &answer);
  std::vector<std::pair<double, uint32_t>> expected;
  for (const auto& one : nearestByHand(*models.content, known, history)) {
    const bool seen =
        std::any_of(history.begin(), history.end(), [&](const HistoryEvent& event) { return event.row == one.second; });
    const bool hidden = std::find(excluded.begin(), excluded.end(), one.second) != excluded.end();
    if (ask.eligible.has(one.second) && !seen && !hidden) expected.push_back(one);
  }
  CHECK(answer.rows.size() == k && expected.size() >= k);
  for (size_t i = 0; i < std::min(k, answer.rows.size()); i++) {
    // Of nearly equal ones, either may come first.
    const auto place =
        std::find_if(expected.begin(), expected.end(), [&](const auto& one) { return one.second == answer.rows[i]; });
    CHECK_THAT(place != expected.end() && std::fabs(place->first - expected[i].first) < 1e-5,
               "place " << i << " row " << answer.rows[i] << " for " << expected[i].second);
    CHECK((answer.sources[i] & sourceBit(Source::content)) != 0);
  }
}

/// The modalities in another order, of which the tower lacks one; `without`: the last that it has is missing.
ContentFeatures shuffled(Random& random, ContentFeatures content, bool without) {
  ContentFeatures out;
  out.items = content.items;
  out.modalities.push_back(content.modalities[1]);
  out.modalities.push_back(randomWords(random, "brand", content.items, 9, 2, 1));
  if (!without) out.modalities.push_back(content.modalities[2]);
  out.modalities.push_back(content.modalities[0]);
  return out;
}

/// What the tower says of items by hand; those it knows nothing of forget what was put before.
void putByHand(const ContentModel& model, const ContentFeatures& content, const std::vector<uint32_t>& rows,
               Known& late) {
  const TowerNumbers numbers = numbersOf(model);
  for (uint32_t item = 0; item < content.items; item++) {
    const Encoded encoded = encodeByHand(numbers, content, item);
    late.erase(rows[item]);
    if (encoded.known) late[rows[item]] = encoded.vector;
  }
}

/// The late vectors of a set are those by hand, and everything that is known is those over those of training.
Known checkLate(const ModelSet& models, const Known& late) {
  std::vector<uint32_t> rows;
  for (const auto& one : late) rows.push_back(one.first);
  CHECK(models.lateContent && models.lateContent->rows == rows);
  Known all = knownOf(*models.content);
  for (const auto& [row, vector] : late) {
    const float* own = models.contentOf(row);
    CHECK(own != nullptr);
    for (size_t d = 0; own && d < vector.size(); d++) CHECK(std::fabs(own[d] - vector[d]) < 2e-5);
    all[row] = vector;
  }
  for (uint32_t row = 0; row < kItems + 200; row++) CHECK((models.contentOf(row) != nullptr) == (all.count(row) == 1));
  return all;
}

std::vector<HistoryEvent> historyOf(Random& random, uint32_t rows) {
  std::vector<HistoryEvent> out;
  for (int i = 0; i < 6; i++) out.push_back(event(static_cast<uint32_t>(random.below(rows)), 1 + random.below(2)));
  return out;
}

}  // namespace

int main() {
  check::test("a core without content takes none", [] {
    Random random(1);
    const auto core = open(5);
    core->putContent(randomContentFeatures(random, 2), {3, 4});
    CHECK(core->withoutContent().empty());
    ModelParts parts;
    parts.popularity.assign(5, 1.0f);
    core->publish(makeModels(std::move(parts)));
    const auto before = core->models();
    core->putContent(randomContentFeatures(random, 2), {3, 4});
    CHECK(core->models() == before && core->withoutContent().empty());
  });
  check::test("items put after training are recalled by what they are about", [] {
    for (uint64_t seed = 1; seed <= 8; seed++) {
      Random random(seed);
      const auto model = towerOf(random, kItems, kDim);
      const uint32_t rows = kItems + 60;
      const auto core = open(rows);
      core->publish(modelsOf(model));
      const auto trained = core->models();
      Known late;
      // New items in any order, some twice, and some of training anew.
      ContentFeatures content = randomContentFeatures(random, 60);
      std::vector<uint32_t> to;
      for (uint32_t i = 0; i < 60; i++) to.push_back(kItems + static_cast<uint32_t>(random.below(60)));
      for (uint32_t i = 0; i < 10; i++) to[i * 5] = static_cast<uint32_t>(random.below(kItems));
      putByHand(*model, content, to, late);
      core->putContent(shuffled(random, content, false), to);
      checkNearest(*core->models(), rows, checkLate(*core->models(), late), historyOf(random, rows), random, 12);
      // Others, and some of those again, without one of their fields.
      content = randomContentFeatures(random, 25);
      to.resize(25);
      for (uint32_t& row : to) row = static_cast<uint32_t>(random.below(rows));
      Modality& tags = content.modalities[2];
      tags.offsets.assign(26, 0);
      tags.features.clear();
      tags.weights.clear();
      putByHand(*model, content, to, late);
      core->putContent(shuffled(random, content, true), to);
      const Known known = checkLate(*core->models(), late);
      for (int round = 0; round < 5; round++) {
        checkNearest(*core->models(), rows, known, historyOf(random, rows), random, 12);
      }
      // Sets that were published before are as they were.
      CHECK(trained->lateContent == nullptr);
      // Everything that may be shown and is not known.
      core->eligibility.remove(kItems + 7);
      std::vector<uint32_t> without;
      for (uint32_t row = 0; row < rows; row++) {
        if (row != kItems + 7 && known.count(row) == 0) without.push_back(row);
      }
      CHECK(core->withoutContent() == without);
      core->putContent({}, {});
      CHECK(core->models()->lateContent->rows.size() == late.size());
      core->publish(modelsOf(model));
      CHECK(core->models()->lateContent == nullptr);
    }
  });
  check::test("many late items are searched in an index", [] {
    Random random(30);
    const auto model = towerOf(random, kItems, kDim);
    const uint32_t count = 9000;
    const uint32_t rows = kItems + count;
    const auto core = open(1);
    core->publish(modelsOf(model));
    ContentFeatures content = randomContentFeatures(random, count);
    std::vector<uint32_t> to;
    // Rows in between nobody has said anything of; the last are known to training.
    for (uint32_t i = 0; i < count; i++) to.push_back(i + 10 < count ? kItems + count - 1 - i : i % kItems);
    Known late;
    putByHand(*model, content, to, late);
    CHECK(late.size() > 8192);
    core->putContent(std::move(content), to);
    const auto models = core->models();
    CHECK(models->lateContent->index != nullptr && models->lateContent->rows.size() == late.size());
    Known all = knownOf(*model);
    for (const auto& [row, vector] : late) all[row] = vector;
    for (int round = 0; round < 6; round++) {
      checkNearest(*models, rows, all, historyOf(random, rows), random, 15);
    }
  });
  check::test("vectors of another dim are refused by name, and nothing changes", [] {
    Random random(31);
    const auto core = open(kItems + 3);
    core->publish(modelsOf(towerOf(random, kItems, kDim)));
    const auto before = core->models();
    ContentFeatures content;
    content.items = 1;
    content.modalities.push_back(randomVectors(random, "image", 1, 6));
    bool refused = false;
    try {
      core->putContent(content, {kItems});
    } catch (const Error& error) {
      refused =
          error.status() == Status::invalidArgument && std::string(error.what()).find("image") != std::string::npos;
    }
    CHECK(refused && core->models() == before);
    // Words under the name of vectors are another field.
    content.modalities[0] = randomWords(random, "image", 1, 5, 3, 1);
    core->putContent(content, {kItems});
    CHECK(core->models()->contentOf(kItems) == nullptr);
  });
  check::test("a newcomer begins where its content puts it, and moves to its shoppers", [] {
    Random random(32);
    const auto tower = towerOf(random, kItems, kDim);
    Histories histories;
    histories.offsets = {0};
    for (uint32_t user = 0; user < 60; user++) {
      for (int i = 0; i < 6; i++) histories.events.push_back(event(static_cast<uint32_t>(random.below(kItems))));
      histories.offsets.push_back(histories.events.size());
    }
    const Positives positives = positivesOf(histories, kItems);
    FactorSettings settings;
    settings.dim = 5;
    Control control;
    ModelParts parts;
    parts.popularity = positives.popularity;
    parts.factors = fitFactors(positives, settings, 1, 1, control);
    parts.content = tower;
    const auto factors = parts.factors;
    const auto core = open(kItems + 4);
    for (uint32_t user = 0; user < 60; user++) {
      const uint64_t first = histories.offsets[user];
      core->append(core->users.intern("user" + std::to_string(user)), histories.events.data() + first, 6);
    }
    core->publish(makeModels(std::move(parts)));
    ContentFeatures content;
    content.items = 2;
    content.modalities.push_back(randomVectors(random, "image", 2, 5));
    for (float& x : content.modalities[0].vectors) x = static_cast<float>(random.normal());
    core->putContent(content, {kItems, kItems + 1});
    // The first is had by somebody of whom nothing else is known, the second by shoppers; nothing is known of the
    // third.
    const HistoryEvent first = event(kItems), second = event(kItems + 1), third = event(kItems + 2);
    const uint32_t stranger = core->users.intern("stranger");
    core->append(stranger, &first, 1);
    core->append(stranger, &third, 1);
    for (uint32_t user = 0; user < 40; user += 2) core->append(user, &second, 1);
    CHECK(core->place([] { return false; }) == 3);
    const auto now = core->models();
    CHECK(now->lateContent && now->lateContent->rows.size() == 2);
    const std::vector<float> map = mapContent(*tower, *factors);
    const auto priorOf = [&](uint32_t row) {
      std::vector<double> out(factors->dim, 0.0);
      for (uint32_t axis = 0; axis < factors->dim; axis++) {
        for (uint32_t d = 0; d < kDim; d++) out[axis] += double{map[axis * kDim + d]} * now->contentOf(row)[d];
      }
      return out;
    };
    const std::vector<double> alone = priorOf(kItems);
    for (uint32_t d = 0; d < factors->dim; d++) {
      CHECK_THAT(std::fabs(now->factorsOf(kItems)[d] - alone[d]) < 1e-5,
                 now->factorsOf(kItems)[d] << " for " << alone[d]);
      CHECK(now->factorsOf(kItems + 2)[d] == 0);
    }
    // Of the second the gradient of the loss is zero: sum w (<x, y> - 1) x + (G + lambda I) (y - y0).
    const std::vector<double> prior = priorOf(kItems + 1);
    const float* y = now->factorsOf(kItems + 1);
    std::vector<double> gradient(factors->dim, 0.0);
    double total = 0, size = 0, moved = 0;
    FoldInScratch scratch;
    for (uint32_t user = 0; user < 40; user += 2) {
      std::vector<HistoryEvent> events;
      std::vector<Vote> votes;
      core->histories.read(user, 1000, events);
      collectVotes(events.data(), events.size(), kItems, 1, 1000, votes);
      std::vector<float> x(factors->dim);
      foldIn(*factors, nullptr, votes, scratch, x.data());
      double product = 0;
      for (uint32_t d = 0; d < factors->dim; d++) product += double{x[d]} * y[d];
      for (uint32_t d = 0; d < factors->dim; d++) {
        gradient[d] += (product - 1) * x[d];
        size += std::fabs(x[d]);
      }
      total++;
    }
    const double lambda =
        factors->regularisation * std::pow(total + double{factors->alpha0} * factors->users, double{factors->nu});
    for (uint32_t d = 0; d < factors->dim; d++) {
      for (uint32_t j = 0; j < factors->dim; j++) {
        gradient[d] += double{factors->userGram[d * factors->dim + j]} * (y[j] - prior[j]);
      }
      gradient[d] += lambda * (y[d] - prior[d]);
      moved += std::fabs(y[d] - prior[d]);
    }
    for (double g : gradient) CHECK_THAT(std::fabs(g) < 1e-3 * size, g << " of " << size);
    CHECK(moved > 0.01);
    // What is put later leaves the newcomers, and the other way round.
    core->putContent(content, {kItems + 2, kItems + 3});
    CHECK(core->models()->newcomers == now->newcomers && core->models()->lateContent->rows.size() == 4);
    core->append(1, &second, 1);
    CHECK(core->place([] { return false; }) == 3);
    CHECK(core->models()->lateContent->rows.size() == 4 && core->models()->newcomers != now->newcomers);
  });
  return check::finish();
}
