// Training the content tower: what it reads and learns, and that it can be repeated and stopped.

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <map>

#include "../../../native/include/status.h"
#include "../../../native/learn/content/learn.h"
#include "../check.h"
#include "content_shop.h"
#include "shop.h"

using namespace kairank;

namespace {

/// Features that two of the items have which are not withheld, and how rare they are.
void checkVocabulary() {
  const Shop shop = smallShop(3, 30, 10, 6);
  const Positives positives = positivesOf(shop.histories, shop.content.items);
  const Control control;
  const TowerTrainer trainer(shop.content, positives, shop.withheld, TowerSettings{}, 1, 1, control);
  const auto model = trainer.model();
  for (size_t m : {0, 2}) {
    const Modality& modality = shop.content.modalities[m];
    std::map<uint32_t, std::set<uint32_t>> owners;
    for (uint32_t item = 0; item < shop.content.items; item++) {
      for (uint64_t e = modality.offsets[item]; e < modality.offsets[item + 1]; e++) {
        if (!shop.withheld[item]) owners[modality.features[e]].insert(item);
      }
    }
    std::vector<uint32_t> features;
    for (const auto& [feature, items] : owners) {
      if (items.size() < 2) continue;
      const size_t at = features.size();
      features.push_back(feature);
      const double rarity = std::log((1.0 + 28) / (1.0 + static_cast<double>(items.size()))) + 1;
      CHECK(at < model->modalities[m].rarity.size() && std::fabs(model->modalities[m].rarity[at] - rarity) < 1e-6);
    }
    CHECK(model->modalities[m].features == features);
    CHECK(std::fabs(model->modalities[m].bias - std::log(modality.prior)) < 1e-6);
  }
  CHECK(model->modalities[1].table.size() == 5 * model->dim && model->modalities[1].features.empty());
  checkContent(*model);
}

bool same(const ContentModel& a, const ContentModel& b) {
  bool equal = a.vectors == b.vectors && a.behaviour == b.behaviour && a.modalities.size() == b.modalities.size();
  for (size_t m = 0; equal && m < a.modalities.size(); m++) {
    equal = a.modalities[m].table == b.modalities[m].table && a.modalities[m].attention == b.modalities[m].attention &&
            a.modalities[m].bias == b.modalities[m].bias && a.modalities[m].features == b.modalities[m].features &&
            a.modalities[m].rarity == b.modalities[m].rarity;
  }
  return equal;
}

std::shared_ptr<ContentModel> trained(const Shop& shop, uint64_t seed, uint32_t threads, double dropout = 0.3) {
  TowerSettings settings;
  settings.dropout = dropout;
  settings.dim = 24;
  settings.batch = 150;
  settings.samples = 90;
  const Positives positives = positivesOf(shop.histories, shop.content.items);
  const Control control;
  TowerTrainer trainer(shop.content, positives, shop.withheld, settings, seed, threads, control);
  for (int epoch = 0; epoch < 2; epoch++) trainer.epoch();
  return trainer.model();
}

/// Items that are to be new: what is said of them, and who had them, changes nothing but their own vectors.
void checkWithheld() {
  Shop shop = smallShop(5, 60, 150, 9);
  const auto before = trained(shop, 1, 1);
  for (HistoryEvent& one : shop.histories.events) {
    if (one.row == 1) {
      one.row = 30;
    } else if (one.row == 30) {
      one.row = 1;
    }
  }
  for (size_t m : {0, 2}) {
    Modality& modality = shop.content.modalities[m];
    Modality changed;
    for (uint32_t item = 0; item < 60; item++) {
      const auto first = static_cast<std::ptrdiff_t>(modality.offsets[item]);
      const auto last = static_cast<std::ptrdiff_t>(modality.offsets[item + 1]);
      if (shop.withheld[item]) {
        // A new word, one that others have, and one more.
        addItem(changed, {wordOf(1000), wordOf(0), wordOf(3)}, {2, 2, 2});
      } else {
        addItem(changed, {modality.features.begin() + first, modality.features.begin() + last},
                {modality.weights.begin() + first, modality.weights.begin() + last});
      }
    }
    modality.offsets = changed.offsets;
    modality.features = changed.features;
    modality.weights = changed.weights;
  }
  for (uint32_t i = 0; i < 5; i++) shop.content.modalities[1].vectors[30 * 5 + i] += 2;
  const auto after = trained(shop, 1, 1);
  size_t moved = 0;
  for (size_t i = 0; i < before->vectors.size(); i++) {
    const size_t item = i / before->dim;
    if (shop.withheld[item]) {
      moved += before->vectors[i] != after->vectors[i];
      CHECK(before->behaviour[i] == 0 && after->behaviour[i] == 0);
      after->vectors[i] = before->vectors[i];
    }
  }
  CHECK(moved > before->dim);  // both are told apart by their words all the same
  CHECK(same(*before, *after));
}

/// A shop of colours: who takes red things goes on with red things. Every title names its colour once, and two times
/// over five of forty words that lead astray; the last fifth of the items is new.
struct Colours {
  static constexpr uint32_t kItems = 250;
  static constexpr uint32_t kNew = 50;
  ContentFeatures content;
  Dataset data;
  std::vector<uint32_t> newRows;
};

Colours colours(uint64_t seed, bool validate) {
  Random random(seed);
  Colours shop;
  shop.content.items = shop.data.items = Colours::kItems;
  Modality& title = shop.content.modalities.emplace_back();
  title.name = "title";
  for (uint32_t item = 0; item < Colours::kItems; item++) {
    std::set<size_t> words = {item % 10};
    while (words.size() < 6) words.insert(10 + random.below(40));
    std::vector<uint32_t> features;
    for (size_t word : words) features.push_back(wordOf(word));
    std::vector<float> weights(features.size(), 2.0f);
    weights[0] = 1;  // the colour's word is the first of the set
    addItem(title, features, weights);
  }
  const uint32_t known = Colours::kItems - Colours::kNew;
  for (uint32_t row = known; row < Colours::kItems; row++) shop.newRows.push_back(row);
  shop.data.train.offsets = {0};
  Cases& cases = shop.data.validation;
  cases.histories.offsets = {0};
  cases.targetOffsets = {0};
  for (uint32_t user = 0; user < 2000; user++) {
    const uint32_t colour = user % 10;
    const size_t first = shop.data.train.events.size();
    for (size_t i = 3 + random.below(5); i > 0; i--) {
      shop.data.train.events.push_back(event(static_cast<uint32_t>(random.below(known / 10)) * 10 + colour));
    }
    shop.data.train.offsets.push_back(shop.data.train.events.size());
    if (!validate || (user / 10) % 4 != 0) continue;
    cases.histories.events.insert(cases.histories.events.end(),
                                  shop.data.train.events.begin() + static_cast<std::ptrdiff_t>(first),
                                  shop.data.train.events.end());
    cases.histories.offsets.push_back(cases.histories.events.size());
    cases.targets.push_back(known + static_cast<uint32_t>(random.below(Colours::kNew / 10)) * 10 + colour);
    cases.targetOffsets.push_back(cases.targets.size());
  }
  return shop;
}

/// Quality of one case over new rows from its definition; one target a case.
CaseQuality qualityByHand(const ContentModel& model, const Cases& cases, const std::vector<uint32_t>& newRows,
                          uint32_t c) {
  const uint64_t first = cases.histories.offsets[c];
  const std::vector<double> wanted =
      wantedContent(model, cases.histories.events.data() + first, cases.histories.offsets[c + 1] - first);
  const uint32_t target = cases.targets[c];
  if (wanted.empty() || std::isnan(contentScore(model, wanted, target))) return {};
  uint32_t above = 0;
  for (uint32_t row : newRows) {
    above += contentScore(model, wanted, row) > contentScore(model, wanted, target);
  }
  return above < 10 ? CaseQuality{1 / std::log2(above + 2.0), 1} : CaseQuality{};
}

double meanByHand(const ContentModel& model, const Colours& shop) {
  double sum = 0;
  for (uint32_t c = 0; c < shop.data.validation.count(); c++) {
    sum += qualityByHand(model, shop.data.validation, shop.newRows, c).ndcg;
  }
  return sum / shop.data.validation.count();
}

std::vector<uint8_t> withheldIn(const Colours& shop) {
  std::vector<uint8_t> withheld(Colours::kItems, 0);
  for (uint32_t row : shop.newRows) withheld[row] = 1;
  return withheld;
}

void checkColours() {
  const Colours shop = colours(1, true);
  const Control control;
  const Positives positives = positivesOf(shop.data.train, shop.data.items);
  TowerTrainer trainer(shop.content, positives, withheldIn(shop), TowerSettings{}, 1, 2, control);
  const double untrained = meanByHand(*trainer.model(), shop);
  std::vector<double> losses;
  std::vector<double> qualities;
  std::vector<std::shared_ptr<ContentModel>> models;
  for (int epoch = 0; epoch < 4; epoch++) {
    losses.push_back(trainer.epoch());
    models.push_back(trainer.model());
    qualities.push_back(meanByHand(*models.back(), shop));
    if (epoch > 0) CHECK_THAT(losses[epoch] < losses[epoch - 1], "epoch " << epoch << ": " << losses[epoch]);
  }
  // Of fifty new items five are of the colour; all five first, in any order, would be about .6.
  CHECK_THAT(qualities[1] > untrained + 0.15, qualities[1] << " against " << untrained << " untrained");

  const auto told = newItemQualities(*models[1], shop.data.validation, shop.newRows, 3, control);
  CHECK(told.size() == shop.data.validation.count());
  for (uint32_t c = 0; c < told.size(); c++) {
    const CaseQuality expected = qualityByHand(*models[1], shop.data.validation, shop.newRows, c);
    CHECK_THAT(std::fabs(told[c].ndcg - expected.ndcg) < 1e-9 && told[c].recall == expected.recall, "case " << c);
  }
}

/// Epochs are taken for as long as each ranks new items better than the last; the best one's tower is the one.
/// Returns how many that are.
size_t checkChoice(const Colours& shop) {
  const Control control;
  const Positives positives = positivesOf(shop.data.train, shop.data.items);
  TowerTrainer trainer(shop.content, positives, withheldIn(shop), TowerSettings{}, 1, 2, control);
  std::vector<double> qualities;
  std::shared_ptr<ContentModel> best;
  size_t epochs = 0;
  while (qualities.size() < 4 && epochs == qualities.size()) {
    trainer.epoch();
    const auto model = trainer.model();
    qualities.push_back(meanByHand(*model, shop));
    if (epochs > 0 && qualities[epochs] <= qualities[epochs - 1]) continue;
    best = model;
    epochs++;
  }
  ContentSearch search;
  search.newRows = shop.newRows;
  Control watched;
  const LearnedContent learned = learnContent(shop.data, shop.content, search, watched);
  CHECK_THAT(learned.settings.epochs == epochs && learned.trials.size() == qualities.size(),
             learned.settings.epochs << " epochs of " << learned.trials.size() << " for " << epochs);
  for (size_t epoch = 0; epoch < learned.trials.size(); epoch++) {
    CHECK(std::fabs(learned.trials[epoch].ndcg - qualities[epoch]) < 1e-9);
  }
  CHECK(learned.content && same(*learned.content, *best));
  return epochs;
}

bool aborted(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.status() == Status::aborted;
  }
  return false;
}

}  // namespace

int main() {
  check::test("features that are shared, by how rare they are", checkVocabulary);
  check::test("the same seed gives the same tower at any number of threads", [] {
    const Shop shop = smallShop(6, 300, 400, 12);
    const auto one = trained(shop, 1, 1);
    CHECK(same(*trained(shop, 1, 4), *one));
    CHECK(!same(*trained(shop, 2, 4), *one));
  });
  check::test("vectors have no features that could be dropped", [] {
    Shop shop = smallShop(10, 100, 200, 9);
    const auto with = [&](double dropout) { return trained(shop, 1, 1, dropout); };
    CHECK(!same(*with(0), *with(0.9)));
    shop.content.modalities.erase(shop.content.modalities.begin());
    shop.content.modalities.pop_back();
    CHECK(same(*with(0), *with(0.9)));
  });
  check::test("items withheld are read neither as events nor as words", checkWithheld);
  check::test("words that decide are learned, those that mislead are not", checkColours);
  check::test("as many epochs as rank new items best", [] {
    std::set<size_t> chosen = {checkChoice(colours(1, true))};
    // Where targets have nothing to do with words, more epochs soon rank them no better.
    for (uint64_t seed = 5; seed < 8; seed++) {
      Colours shop = colours(seed, true);
      Random random(seed);
      for (uint32_t& target : shop.data.validation.targets) target = shop.newRows[random.below(shop.newRows.size())];
      chosen.insert(checkChoice(shop));
    }
    CHECK(chosen.size() > 1);
  });
  check::test("without new items, a tenth is withheld to choose by, then all is trained", [] {
    const Colours shop = colours(2, false);
    ContentSearch search;
    search.seed = 3;
    Control control;
    const LearnedContent learned = learnContent(shop.data, shop.content, search, control);
    CHECK(!learned.trials.empty() && learned.settings.epochs <= learned.trials.size());
    for (const Trial& trial : learned.trials) CHECK(trial.ndcg <= learned.trials[learned.settings.epochs - 1].ndcg);
    const auto fitted = fitContent(shop.data, shop.content, learned.settings, 3, 2, control);
    CHECK(learned.content && fitted && same(*learned.content, *fitted));
  });
  check::test("nothing to choose by leaves settings as they are", [] {
    // Nine items: a tenth of them is none.
    const Shop shop = smallShop(8, 9, 20, 6);
    Dataset data;
    data.items = 9;
    data.train = shop.histories;
    Control control;
    const LearnedContent learned = learnContent(data, shop.content, ContentSearch{}, control);
    CHECK(learned.trials.empty() && learned.settings.epochs == TowerSettings{}.epochs);
    const auto fitted = fitContent(data, shop.content, TowerSettings{}, 1, 1, control);
    CHECK(learned.content && fitted && same(*learned.content, *fitted));
  });
  check::test("nothing is learned where nothing follows anything, or nothing is known", [] {
    Colours shop = colours(3, true);
    Control control;
    for (const bool given : {false, true}) {
      ContentSearch search;
      if (given) search.newRows = shop.newRows;
      const auto learns = [&](const Dataset& data, const ContentFeatures& content) {
        const bool fits = fitContent(data, content, TowerSettings{}, 1, 1, control) != nullptr;
        CHECK((learnContent(data, content, search, control).content != nullptr) == fits);
        return fits;
      };
      CHECK(learns(shop.data, shop.content));
      Dataset single = shop.data;
      single.train.events.clear();
      single.train.offsets = {0};
      for (uint32_t user = 0; user < 30; user++) {
        single.train.events.push_back(event(user));
        single.train.events.push_back(event(user + 1, -1));
        single.train.offsets.push_back(single.train.events.size());
      }
      CHECK(!learns(single, shop.content));
      ContentFeatures none;
      none.items = Colours::kItems;
      CHECK(!learns(shop.data, none));
      // Words of one item each, and vectors of zeros.
      none.modalities.resize(2);
      for (uint32_t item = 0; item < Colours::kItems; item++) addItem(none.modalities[0], {item}, {1});
      none.modalities[1].inputs = 3;
      none.modalities[1].vectors.assign(3 * Colours::kItems, 0.0f);
      CHECK(!learns(shop.data, none));
      none.modalities[1].vectors[7] = 1;
      CHECK(learns(shop.data, none));
    }
  });
  check::test("new items of which nothing is known are not ranked", [] {
    Random random(11);
    const ContentModel model = randomContent(random, 60);
    Cases cases = casesOf(randomHistories(random, 80, 40, 6));
    std::vector<uint32_t> newRows;
    for (uint32_t row = 40; row < 60; row += 1 + static_cast<uint32_t>(random.below(2))) newRows.push_back(row);
    cases.targets.clear();
    cases.targetOffsets = {0};
    for (uint32_t c = 0; c < cases.count(); c++) {
      cases.targets.push_back(newRows[random.below(newRows.size())]);
      cases.targetOffsets.push_back(c + 1);
    }
    const auto told = newItemQualities(model, cases, newRows, 2, Control());
    size_t found = 0;
    for (uint32_t c = 0; c < cases.count(); c++) {
      const CaseQuality expected = qualityByHand(model, cases, newRows, c);
      found += expected.recall > 0;
      CHECK_THAT(std::fabs(told[c].ndcg - expected.ndcg) < 1e-9 && told[c].recall == expected.recall, "case " << c);
    }
    CHECK(found > 20 && found < cases.count());
  });
  check::test("stops when cancelled, wherever it is", [] {
    const Colours shop = colours(4, true);
    ContentSearch search;
    search.threads = 2;
    std::atomic<int> asked{0};
    int after = 1 << 30;
    const auto stops = [&] {
      asked = 0;
      Control control([&] { return asked++ >= after; }, nullptr);
      return aborted([&] { learnContent(shop.data, shop.content, search, control); });
    };
    CHECK(!stops());
    const int all = asked;
    for (const double share : {0.0, 0.01, 0.3, 0.6, 0.95}) {
      after = static_cast<int>(all * share);
      CHECK_THAT(stops() && asked < after + 10, "after " << after << " of " << all << ": " << asked);
    }
  });
  check::test("settings and sizes that do not fit are refused", [] {
    const Shop shop = smallShop(9, 20, 10, 5);
    const Positives positives = positivesOf(shop.histories, 20);
    const auto refused = [&](const TowerSettings& settings, const ContentFeatures& content,
                             const std::vector<uint8_t>& withheld) {
      try {
        const Control control;
        const TowerTrainer trainer(content, positives, withheld, settings, 1, 1, control);
      } catch (const Error& error) {
        return error.status() == Status::invalidArgument;
      }
      return false;
    };
    CHECK(!refused({}, shop.content, {}) && !refused({}, shop.content, shop.withheld));
    CHECK(refused({}, shop.content, {1, 0}));
    Random random(1);
    CHECK(refused({}, randomContentFeatures(random, 21), {}));
    ContentFeatures broken = shop.content;
    broken.modalities[0].weights.pop_back();
    CHECK(refused({}, broken, {}));
    const auto wrong = [&](auto spoil) {
      TowerSettings settings;
      spoil(settings);
      return refused(settings, shop.content, {});
    };
    CHECK(wrong([](auto& settings) { settings.dim = 0; }));
    CHECK(wrong([](auto& settings) { settings.dim = 4097; }));
    CHECK(wrong([](auto& settings) { settings.epochs = 0; }));
    CHECK(wrong([](auto& settings) { settings.epochs = 1001; }));
    CHECK(wrong([](auto& settings) { settings.batch = 0; }));
    CHECK(wrong([](auto& settings) { settings.batch = 65537; }));
    CHECK(wrong([](auto& settings) { settings.samples = 65537; }));
    for (const double value : {-0.1, 1.5, static_cast<double>(NAN)}) {
      CHECK(wrong([&](auto& settings) { settings.rate = value; }));
      CHECK(wrong([&](auto& settings) { settings.behaviourRate = value; }));
      CHECK(wrong([&](auto& settings) { settings.attentionRate = value; }));
      CHECK(wrong([&](auto& settings) { settings.dropout = value; }));
      CHECK(wrong([&](auto& settings) { settings.decay = value; }));
    }
    CHECK(wrong([](auto& settings) { settings.dropout = 1; }));
    CHECK(wrong([](auto& settings) { settings.decay = 0; }));
  });
  return check::finish();
}
