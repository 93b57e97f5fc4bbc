// Queries in words: what they say against the tower in double precision, and what is found against brute force, beside
// other asks of the same batch and whatever the blend makes of content.

#include <algorithm>
#include <cmath>

#include "../../../native/pipeline/stages.h"
#include "../../../native/recall/content.h"
#include "../../../native/recall/make_models.h"
#include "../../../native/state/candidates.h"
#include "../check.h"
#include "../learn/content_shop.h"

using namespace kairank;

namespace {

constexpr uint32_t kItems = 80;
constexpr uint32_t kDim = 7;
constexpr size_t kContent = static_cast<size_t>(Source::content);

/// A set whose blend would rather show what is popular, so that it would be seen in the answers.
std::shared_ptr<const ModelSet> modelsOf(std::shared_ptr<const ContentModel> content) {
  ModelParts parts;
  for (uint32_t row = 0; row < kItems; row++) parts.popularity.push_back(static_cast<float>((row * 37) % kItems));
  parts.content = std::move(content);
  parts.blend.weight[static_cast<size_t>(Source::popularity)] = 5;
  parts.blend.weight[kContent] = -1;
  return makeModels(std::move(parts));
}

/// One title, and nothing else.
ContentFeatures titleOf(Random& random, size_t words) {
  ContentFeatures out;
  out.items = 1;
  Modality& title = out.modalities.emplace_back();
  title.name = "title";
  std::vector<uint32_t> features;
  for (size_t word = 0; word < words; word++) features.push_back(wordOf((word * 5 + random.below(3)) % 12));
  std::sort(features.begin(), features.end());
  features.erase(std::unique(features.begin(), features.end()), features.end());
  addItem(title, features, std::vector<float>(features.size(), 1.5f));
  return out;
}

/// The same as an item that has every modality of the tower, and says nothing by the others.
ContentFeatures withOthers(ContentFeatures title) {
  Modality image;
  image.name = "image";
  image.inputs = 5;
  image.vectors.assign(5, 0.0f);
  Modality tags;
  tags.name = "tags";
  addItem(tags, {}, {});
  title.modalities.push_back(std::move(image));
  title.modalities.push_back(std::move(tags));
  return title;
}

/// The rows of training that something is known of, nearest first.
std::vector<std::pair<double, uint32_t>> nearestByHand(const ContentModel& model, const std::vector<double>& query) {
  std::vector<std::pair<double, uint32_t>> out;
  for (uint32_t row = 0; row < model.items; row++) {
    double product = 0;
    bool any = false;
    for (size_t d = 0; d < model.dim; d++) {
      product += query[d] * model.vectors[row * model.dim + d];
      any = any || model.vectors[row * model.dim + d] != 0;
    }
    if (any) out.emplace_back(-product, row);
  }
  std::sort(out.begin(), out.end());
  return out;
}

Ask askOf(uint32_t k) {
  Ask ask;
  ask.eligible.rows = kItems;
  ask.excludeSeen = false;
  ask.k = ask.candidates = k;
  return ask;
}

}  // namespace

int main() {
  check::test("words are encoded as the item that says nothing else", [] {
    for (uint64_t seed = 1; seed <= 20; seed++) {
      Random random(seed);
      const auto model = towerOf(random, kItems, kDim);
      const ContentFeatures title = titleOf(random, 1 + seed % 5);
      const Encoded expected = encodeByHand(numbersOf(*model), withOthers(title), 0);
      ContentScratch scratch;
      std::vector<float> query(kDim, 9.0f);
      CHECK(readsContent(*model, title));
      CHECK(encodeAlone(*model, title, scratch, query.data()) == expected.known);
      for (size_t d = 0; d < kDim; d++) CHECK(std::fabs(query[d] - expected.vector[d]) < 2e-5);
    }
  });
  check::test("a tower without the field reads no words", [] {
    Random random(40);
    const auto model = towerOf(random, kItems, kDim);
    ContentFeatures other = titleOf(random, 3);
    other.modalities[0].name = "summary";
    CHECK(!readsContent(*model, other));
    // Vectors by the name of a title are another field.
    Modality& vectors = other.modalities[0];
    vectors.name = "title";
    vectors.inputs = 2;
    CHECK(!readsContent(*model, other));
    ContentFeatures unknown = titleOf(random, 3);
    unknown.modalities[0].features.assign(unknown.modalities[0].features.size(), 12345);
    CHECK(readsContent(*model, unknown));
    ContentScratch scratch;
    std::vector<float> query(kDim, 9.0f);
    CHECK(!encodeAlone(*model, unknown, scratch, query.data()));
    for (float x : query) CHECK(x == 0);
  });
  check::test("the nearest are found by content alone, in one batch with other asks", [] {
    for (uint64_t seed = 1; seed <= 10; seed++) {
      Random random(seed);
      const auto model = towerOf(random, kItems, kDim);
      const auto models = modelsOf(model);
      const HistoryEvent had = event(static_cast<uint32_t>(random.below(kItems)));
      std::vector<std::vector<float>> queries(3, std::vector<float>(kDim));
      std::vector<std::vector<double>> byHand;
      std::vector<Ask> asks(6, askOf(15));
      ContentScratch scratch;
      for (size_t q = 0; q < 3; q++) {
        const ContentFeatures title = titleOf(random, 2 + q);
        byHand.push_back(encodeByHand(numbersOf(*model), withOthers(title), 0).vector);
        asks[2 * q].inWords = true;
        if (encodeAlone(*model, title, scratch, queries[q].data())) asks[2 * q].content = queries[q].data();
        // Every other ask has a history, and none of the words' business.
        asks[2 * q + 1].events = &had;
        asks[2 * q + 1].eventCount = 1;
      }
      std::vector<Answer> answers(6);
      const ScratchPtr working = makeScratch();
      answerBatch(*models, asks.data(), asks.size(), *working, answers.data());
      Answer alone;
      answerBatch(*models, &asks[1], 1, *working, &alone);
      for (size_t q = 0; q < 3; q++) {
        const Answer& other = answers[2 * q + 1];
        CHECK(other.rows == alone.rows && other.scores == alone.scores && other.sources == alone.sources);
        const Answer& answer = answers[2 * q];
        if (!asks[2 * q].content) {
          CHECK(answer.rows.empty() && answer.underfilled);
          continue;
        }
        const auto expected = nearestByHand(*model, byHand[q]);
        CHECK(answer.rows.size() == std::min<size_t>(15, expected.size()));
        for (size_t i = 0; i < answer.rows.size(); i++) {
          CHECK_THAT(std::fabs(answer.scores[i] + expected[i].first) < 2e-5, "place " << i);
          CHECK(answer.sources[i] == sourceBit(Source::content));
          for (size_t s = 0; s < kSources; s++) {
            CHECK(answer.parts[i * kSources + s] == (s == kContent ? static_cast<float>(answer.scores[i]) : 0.0f));
          }
        }
      }
    }
  });
  check::test("nothing fills up what words do not find", [] {
    Random random(50);
    const auto model = towerOf(random, kItems, kDim);
    const auto models = modelsOf(model);
    const ContentFeatures title = titleOf(random, 4);
    ContentScratch scratch;
    std::vector<float> query(kDim);
    CHECK(encodeAlone(*model, title, scratch, query.data()));
    Ask ask = askOf(kItems);
    ask.inWords = true;
    ask.content = query.data();
    Answer answer;
    answerBatch(*models, &ask, 1, *makeScratch(), &answer);
    const auto expected = nearestByHand(*model, encodeByHand(numbersOf(*model), withOthers(title), 0).vector);
    CHECK(expected.size() < kItems && answer.rows.size() == expected.size() && answer.underfilled);
    // Without content at all, and before any training.
    ModelParts parts;
    parts.popularity.assign(kItems, 1.0f);
    ask.content = nullptr;
    answerBatch(*makeModels(std::move(parts)), &ask, 1, *makeScratch(), &answer);
    CHECK(answer.rows.empty() && answer.underfilled);
  });
  return check::finish();
}
