// Content as vectors against the same in double precision, and what is refused of it.

#include "../../../native/recall/content.h"

#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "../../../native/include/limits.h"
#include "../../../native/include/status.h"
#include "../check.h"
#include "../learn/content_shop.h"
#include "../learn/shop.h"

using namespace kairank;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// A model of the modalities of `content` that knows some of its features, and others that no item has.
ContentModel modelFor(Random& random, const ContentFeatures& content, uint32_t dim) {
  ContentModel model = randomContent(random, content.items);
  model.dim = dim;
  model.vectors.assign(static_cast<size_t>(content.items) * dim, 0.0f);
  model.behaviour = model.vectors;
  for (const Modality& modality : content.modalities) {
    ModalityModel& table = model.modalities.emplace_back();
    table.name = modality.name;
    table.inputs = modality.inputs;
    std::set<uint32_t> known = {1, 4000000000u};
    for (uint32_t feature : modality.features) {
      if (feature % 3 != 0) known.insert(feature);
    }
    if (modality.inputs == 0) table.features.assign(known.begin(), known.end());
    for (size_t f = 0; f < table.features.size(); f++) table.rarity.push_back(1 + static_cast<float>(random.uniform()));
    const size_t rows = modality.inputs > 0 ? modality.inputs : table.features.size();
    for (size_t i = 0; i < rows * dim; i++) table.table.push_back(static_cast<float>(random.normal()));
    for (size_t d = 0; d < dim; d++) table.attention.push_back(static_cast<float>(random.normal()));
    table.bias = static_cast<float>(random.normal());
  }
  checkContent(model);
  return model;
}

void checkEncoding(uint64_t seed, uint32_t dim) {
  Random random(seed);
  const ContentFeatures content = randomContentFeatures(random, 400);
  const ContentModel model = modelFor(random, content, dim);
  const TowerNumbers numbers = numbersOf(model);
  ContentScratch scratch;
  std::vector<float> out(dim);
  std::vector<float> shares(model.modalities.size());
  size_t unknown = 0;
  for (uint32_t item = 0; item < content.items; item++) {
    std::fill(out.begin(), out.end(), NAN);
    const Encoded expected = encodeByHand(numbers, content, item);
    CHECK(encodeContent(model, content, item, scratch, out.data(), shares.data()) == expected.known);
    unknown += !expected.known;
    for (size_t d = 0; d < dim; d++) {
      CHECK_THAT(std::fabs(out[d] - expected.vector[d]) < 2e-5,
                 "item " << item << " dim " << d << ": " << out[d] << " for " << expected.vector[d]);
    }
    for (size_t m = 0; m < shares.size(); m++) CHECK(std::fabs(shares[m] - expected.shares[m]) < 2e-5);
  }
  CHECK_THAT(unknown > 0 && unknown < content.items, unknown << " of " << content.items << " are unknown");
}

/// Whether it is refused, and the message says `word`.
bool refused(const std::function<void()>& check, const std::string& word) {
  try {
    check();
  } catch (const Error& error) {
    return error.status() == Status::invalidArgument && std::string(error.what()).find(word) != std::string::npos;
  }
  return false;
}

ContentFeatures goodFeatures() {
  ContentFeatures content;
  content.items = 3;
  Modality& title = content.modalities.emplace_back();
  title.name = "title";
  title.offsets = {0, 2, 2, 3};
  title.features = {9, 4, 9};
  title.weights = {1, 2, 1};
  Modality& image = content.modalities.emplace_back();
  image.name = "image";
  image.inputs = 2;
  image.vectors = {1, 2, 0, 0, -3, 4};
  return content;
}

ContentModel goodModel() {
  ContentModel model;
  model.items = 2;
  model.dim = 3;
  model.vectors = {1, 0, 0, 0, 0, 0};
  model.behaviour = {0, 1, 2, 0, 0, 0};
  model.modalities.push_back({"title", 0, {4, 9}, {1, 2}, {1, 2, 3, 4, 5, 6}, {0, 1, 0}, 0.5f});
  model.modalities.push_back({"image", 2, {}, {}, {1, 2, 3, 4, 5, 6}, {0, 0, 0}, 0});
  return model;
}

}  // namespace

int main() {
  check::test("items by their modalities, as by hand", [] {
    uint64_t seed = 1;
    for (uint32_t dim : {1, 3, 7, 16, 33, 129}) checkEncoding(seed++, dim);
  });
  check::test("features are rows at unit length, unknown ones left out", [] {
    ModalityModel modality;
    modality.features = {3, 8, 4000000000u};
    modality.rarity = {2, 1, 0.5f};
    const uint32_t features[] = {4000000000u, 5, 3, 4294967295u, 0};
    const float weights[] = {8, 100, 1.5f, 7, 1};
    std::vector<TowerInput> inputs = {{1, 1}};
    readFeatures(modality, features, weights, 5, inputs);
    // 8 x 0.5 and 1.5 x 2: a triangle of 3, 4 and 5.
    CHECK(inputs.size() == 2 && inputs[0].row == 2 && inputs[1].row == 0);
    CHECK(std::fabs(inputs[0].weight - 0.8) < 1e-6 && std::fabs(inputs[1].weight - 0.6) < 1e-6);
    readFeatures(modality, features + 3, weights + 3, 2, inputs);
    CHECK(inputs.empty());
    readFeatures(modality, features, weights, 0, inputs);
    CHECK(inputs.empty());
  });
  check::test("the largest and the smallest numbers still make unit vectors", [] {
    for (const float size : {3e38f, 1e-38f, 1e-44f}) {
      ModalityModel modality;
      modality.features = {3, 8};
      modality.rarity = {size, size};
      const uint32_t features[] = {3, 8};
      const float weights[] = {size, size};
      std::vector<TowerInput> inputs;
      readFeatures(modality, features, weights, 2, inputs);
      for (const TowerInput& input : inputs) CHECK(std::fabs(input.weight - std::sqrt(0.5)) < 1e-6);

      ContentFeatures content;
      content.items = 1;
      content.modalities.resize(1);
      content.modalities[0].inputs = 2;
      content.modalities[0].vectors = {size, -size};
      ContentModel model;
      model.items = 1;
      model.dim = 2;
      model.modalities.push_back({"image", 2, {}, {}, {1, 0, 0, 1}, {0, 0}, 0});
      ContentScratch scratch;
      float out[2];
      CHECK(encodeContent(model, content, 0, scratch, out));
      CHECK(std::fabs(out[0] - std::sqrt(0.5)) < 1e-6 && std::fabs(out[1] + std::sqrt(0.5)) < 1e-6);
    }
  });
  check::test("modalities are fused by softmax over those that are there", [] {
    const ModalityModel one{"a", 0, {}, {}, {}, {1, 0}, 0.25f};
    const ModalityModel two{"b", 0, {}, {}, {}, {0, 2}, -1};
    const float spoken[] = {2, 1, 3, 0.5f, 100, 100};
    float shares[3];
    float out[2];
    const uint8_t both[] = {1, 1, 0};
    CHECK(fuse({one, two, one}, 2, spoken, both, shares, out));
    const double a = std::exp(2 + 0.25);
    const double b = std::exp(2 * 0.5 - 1);
    CHECK(std::fabs(shares[0] - a / (a + b)) < 1e-6 && std::fabs(shares[1] - b / (a + b)) < 1e-6 && shares[2] == 0);
    CHECK(std::fabs(out[0] - (2 * a + 3 * b) / (a + b)) < 1e-5);
    CHECK(std::fabs(out[1] - (a + 0.5 * b) / (a + b)) < 1e-5);
    const uint8_t none[] = {0, 0, 0};
    CHECK(!fuse({one, two, one}, 2, spoken, none, shares, out));
    CHECK(out[0] == 0 && out[1] == 0 && shares[0] == 0 && shares[1] == 0 && shares[2] == 0);
    // Scores that no exponential holds.
    ModalityModel loud = one;
    loud.bias = 5000;
    CHECK(fuse({loud, two, one}, 2, spoken, both, shares, out));
    CHECK(shares[0] == 1 && shares[1] == 0 && out[0] == 2 && out[1] == 1);
  });
  check::test("shoppers by what they had, as by hand", [] {
    Random random(9);
    const ContentModel model = randomContent(random, 40);
    ContentScratch scratch;
    std::vector<float> out(model.dim);
    for (int round = 0; round < 60; round++) {
      std::vector<HistoryEvent> history;
      for (size_t i = random.below(20); i > 0; i--) {
        const float weights[] = {1, 1, 2, 0.5f, 0, -1};
        // Some rows are newer than the model, some events have no item.
        const uint32_t row = random.below(15) == 0 ? kNoRow : static_cast<uint32_t>(random.below(45));
        history.push_back(event(row, weights[random.below(6)]));
      }
      std::fill(out.begin(), out.end(), NAN);
      const std::vector<double> expected = wantedContent(model, history.data(), history.size());
      CHECK(shopperContent(model, nullptr, history.data(), history.size(), scratch, out.data()) == !expected.empty());
      for (size_t d = 0; d < model.dim; d++) {
        CHECK(std::fabs(out[d] - (expected.empty() ? 0 : expected[d])) < 1e-5);
      }
    }
  });
  check::test("content that would be read beyond its memory is refused by name", [] {
    checkContent(goodFeatures());
    const auto wrong = [](const char* word, const std::function<void(ContentFeatures&)>& spoil) {
      ContentFeatures content = goodFeatures();
      spoil(content);
      CHECK_THAT(refused([&] { checkContent(content); }, word), word);
    };
    wrong("too many items", [](auto& content) { content.items = static_cast<uint32_t>(kMaxRows + 1); });
    wrong("too many modalities", [](auto& content) { content.modalities.resize(257, content.modalities[0]); });
    for (const float prior : {0.0f, -1.0f, kInfinity, NAN}) {
      wrong("title: the prior", [&](auto& content) { content.modalities[0].prior = prior; });
      wrong("image: the prior", [&](auto& content) { content.modalities[1].prior = prior; });
    }
    for (const std::vector<uint64_t>& offsets : {std::vector<uint64_t>{},
                                                 {0, 2, 3},
                                                 {0, 2, 2, 2, 3},
                                                 {1, 2, 2, 3},
                                                 {0, 2, 2, 2},
                                                 {0, 2, 2, 4},
                                                 {0, 3, 2, 3},
                                                 {0, 5, 5, 3}}) {
      wrong("title: offsets", [&](auto& content) { content.modalities[0].offsets = offsets; });
    }
    wrong("title: expected one weight", [](auto& content) { content.modalities[0].weights.pop_back(); });
    for (const float weight : {0.0f, -1.0f, kInfinity, NAN}) {
      wrong("title: every weight", [&](auto& content) { content.modalities[0].weights[2] = weight; });
    }
    wrong("image: the dim", [](auto& content) { content.modalities[1].inputs = kMaxDim + 1; });
    wrong("image: expected items x inputs", [](auto& content) { content.modalities[1].vectors.pop_back(); });
    wrong("image: expected items x inputs", [](auto& content) { content.modalities[1].inputs = 3; });
    for (const float number : {kInfinity, -kInfinity, NAN}) {
      wrong("image: every number", [&](auto& content) { content.modalities[1].vectors[5] = number; });
    }
  });
  check::test("towers that would be read beyond their memory are refused by name", [] {
    checkContent(goodModel());
    const auto wrong = [](const char* word, const std::function<void(ContentModel&)>& spoil) {
      ContentModel model = goodModel();
      spoil(model);
      CHECK_THAT(refused([&] { checkContent(model); }, word), word);
    };
    wrong("dim is out of range", [](auto& model) { model.dim = 0; });
    wrong("dim is out of range", [](auto& model) { model.dim = kMaxDim + 1; });
    wrong("too many items", [](auto& model) { model.items = static_cast<uint32_t>(kMaxRows + 1); });
    wrong("expected items x dim", [](auto& model) { model.items = 3; });
    wrong("expected items x dim", [](auto& model) { model.vectors.pop_back(); });
    wrong("expected items x dim", [](auto& model) { model.behaviour.push_back(0); });
    wrong("too many modalities", [](auto& model) { model.modalities.resize(257, model.modalities[0]); });
    for (const float decay : {0.0f, -0.5f, 1.5f, NAN}) wrong("decay", [&](auto& model) { model.decay = decay; });
    wrong("maxEvents", [](auto& model) { model.maxEvents = 0; });
    wrong("image: the dim", [](auto& model) { model.modalities[1].inputs = kMaxDim + 1; });
    wrong("image: vectors have no features", [](auto& model) { model.modalities[1].features = {1}; });
    wrong("title: features must rise", [](auto& model) { model.modalities[0].features = {9, 4}; });
    wrong("title: features must rise", [](auto& model) { model.modalities[0].features = {4, 4}; });
    wrong("title: expected one rarity", [](auto& model) { model.modalities[0].rarity.pop_back(); });
    wrong("image: expected one rarity", [](auto& model) { model.modalities[1].rarity.push_back(1); });
    wrong("title: the table", [](auto& model) { model.modalities[0].table.pop_back(); });
    wrong("title: the table", [](auto& model) {
      model.modalities[0].features.push_back(10);
      model.modalities[0].rarity.push_back(1);
    });
    wrong("image: the table", [](auto& model) { model.modalities[1].inputs = 3; });
    wrong("title: attention", [](auto& model) { model.modalities[0].attention.push_back(0); });
    wrong("image: attention", [](auto& model) { model.modalities[1].attention.clear(); });
    for (const float number : {kInfinity, -kInfinity, NAN}) {
      wrong("every number", [&](auto& model) { model.vectors[3] = number; });
      wrong("every number", [&](auto& model) { model.behaviour[3] = number; });
      wrong("title: every number", [&](auto& model) { model.modalities[0].table[5] = number; });
      wrong("image: every number", [&](auto& model) { model.modalities[1].attention[2] = number; });
      wrong("title: every number", [&](auto& model) { model.modalities[0].rarity[1] = number; });
      wrong("image: every number", [&](auto& model) { model.modalities[1].bias = number; });
    }
  });
  return check::finish();
}
