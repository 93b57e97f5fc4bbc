// What choices taught, in the way of a request, against the same by hand in double precision.

#include <algorithm>
#include <atomic>
#include <cmath>

#include "../../../native/pipeline/feedback.h"
#include "../../../native/pipeline/stages.h"
#include "../check.h"
#include "../rank/inputs_by_hand.h"
#include "by_hand.h"
#include "made_up.h"

using namespace kairank;
using namespace made_up;

namespace {

constexpr uint32_t kFrom = kItems - 25;  // some rows came after the models
constexpr uint32_t kFew = 40;

/// A question about few rows, all of which may be shown.
struct Question {
  std::vector<HistoryEvent> history;
  std::vector<std::atomic<uint64_t>> words;
  std::vector<uint32_t> rows;
  Ask ask;

  explicit Question(Random& random) : words((kItems + 10 + 63) / 64) {
    history = historyOf(random, 12, kFew);
    for (HistoryEvent& each : history) each.row += kFrom - kFew / 2;
    ask = askOf(history);
    ask.excludeSeen = false;
    for (uint32_t row = kFrom; row < std::min(kFrom + kFew, kItems + 10); row++) {
      words[row >> 6] |= uint64_t{1} << (row & 63);
      rows.push_back(row);
    }
    ask.eligible.words = words.data();
    ask.k = kItems;
  }
};

void compareOnline(uint64_t seed, bool ranked) {
  Random random(seed);
  With with;
  if (ranked) with.ranker = std::make_shared<RankerModel>(randomRanker(random, 200));
  const auto models = modelsOf(random, with);
  Question question(random);
  const std::vector<uint32_t>& rows = question.rows;
  Ask& ask = question.ask;

  ItemStatistics statistics;
  std::vector<HistoryEvent> lately;
  for (int i = 0; i < 300; i++) lately.push_back(event(kFrom + static_cast<uint32_t>(random.below(kFew / 3))));
  statistics.note(lately.data(), lately.size(), kItems);
  for (uint32_t row : rows) statistics.chosen(row, 0.3f, row % 3 == 0 ? 1.0f : 0.0f);
  OnlineLayer layer;
  layer.counts = models->counts;
  for (float count : models->counts->popularity) layer.total += count + 1;
  for (size_t j = 0; j < onlineWidth(*models); j++) layer.weights.push_back(static_cast<float>(random.normal()));
  layer.idle = false;
  CHECK(layer.of(*models));
  const OnlineView view{&layer, &statistics, statistics.now()};

  // By hand: the score as trained, as a logit below the best, and what the layer adds.
  const ByHand found = scoresByHand(*models, ask, rows);
  const RankedByHand byHand(*models, ask, found);
  std::vector<double> trained(rows.size());
  std::vector<std::vector<double>> narrow(rows.size());
  for (size_t place = 0; place < rows.size(); place++) {
    const size_t i = byHand.order[place];
    trained[i] = found.scores[i];
    if (!ranked) continue;
    const Network network(*with.ranker);
    const std::vector<double> inputs = inputsByHand(byHand, place);
    trained[i] = network.score(inputs);
    narrow[i] = network.narrow(inputs);
  }
  const double best = *std::max_element(trained.begin(), trained.end());
  double mean = 0, squares = 0;
  for (double score : trained) mean += score / static_cast<double>(trained.size());
  for (double score : trained) squares += (score - mean) * (score - mean) / static_cast<double>(trained.size());
  const double scale = ranked ? 1 : 1 / std::sqrt(squares);
  std::vector<std::pair<double, uint32_t>> expected;
  std::vector<std::vector<double>> inputs(rows.size());
  for (size_t i = 0; i < rows.size(); i++) {
    const double below = (trained[i] - best) * scale;
    std::vector<double>& own = inputs[i];
    for (size_t s = 0; s < kSources; s++) own.push_back(byHand.has(s, i) ? found.z[s][i] : 0);
    own.push_back(std::max(below, -10.0));
    const double share = ((rows[i] < kItems ? models->counts->popularity[rows[i]] : 0) + 1) / layer.total;
    own.push_back(statistics.trend(view.moment, rows[i], share));
    own.push_back(statistics.appeal(view.moment, rows[i]));
    own.insert(own.end(), narrow[i].begin(), narrow[i].end());
    double sum = below;
    for (size_t j = 0; j < own.size(); j++) sum += layer.weights[j] * own[j];
    expected.emplace_back(-sum, rows[i]);
  }
  std::vector<std::pair<double, uint32_t>> sorted = expected;
  std::sort(sorted.begin(), sorted.end());

  ask.online = &view;
  ScratchPtr scratch = makeScratch();
  Answer answer;
  answerBatch(*models, &ask, 1, *scratch, &answer);
  CHECK(answer.rows.size() == rows.size());
  CHECK(answer.trained.size() == kRemembered);
  CHECK(answer.onlineInputs.size() == kRemembered * layer.weights.size());
  for (size_t i = 0; i < answer.rows.size(); i++) {
    CHECK_THAT(answer.rows[i] == sorted[i].second, "place " << i << " seed " << seed);
    CHECK_THAT(std::fabs(answer.scores[i] + sorted[i].first) < 5e-3,
               "place " << i << " seed " << seed << ": " << answer.scores[i] << " for " << -sorted[i].first);
  }
  // What is kept for feedback is what the order came from.
  for (size_t r = 0; r < answer.trained.size(); r++) {
    const size_t i = answer.rows[r] - kFrom;
    CHECK(std::fabs(answer.trained[r] - (trained[i] - best) * scale) < 1e-3);
    for (size_t j = 0; j < layer.weights.size(); j++) {
      const double kept = answer.onlineInputs[r * layer.weights.size() + j];
      CHECK_THAT(std::fabs(kept - inputs[i][j]) < 1e-3, "input " << j << " of place " << r << " seed " << seed);
    }
  }

  // With weights of zero everything stands as trained, to the last score.
  OnlineLayer none = layer;
  none.weights.assign(none.weights.size(), 0.0f);
  none.idle = true;
  const OnlineView idle{&none, &statistics, statistics.now()};
  Answer plain, same;
  ask.online = nullptr;
  answerBatch(*models, &ask, 1, *scratch, &plain);
  ask.online = &idle;
  answerBatch(*models, &ask, 1, *scratch, &same);
  CHECK(plain.rows == same.rows && plain.scores == same.scores && plain.parts == same.parts);
  CHECK(plain.onlineInputs.empty() && same.trained.size() == kRemembered);
}

Answer listOf(const std::vector<uint32_t>& rows, size_t width) {
  Answer answer;
  answer.rows = rows;
  answer.trained.assign(rows.size(), 0.0f);
  answer.onlineInputs.assign(rows.size() * width, 0.0f);
  for (size_t r = 0; r < rows.size(); r++) answer.onlineInputs[r * width] = static_cast<float>(r);
  return answer;
}

}  // namespace

int main() {
  check::test("the order is what choices taught beside the blend, as by hand", [] {
    for (uint64_t seed = 1; seed <= 6; seed++) compareOnline(seed, false);
  });
  check::test("the order is what choices taught beside the ranker, as by hand", [] {
    for (uint64_t seed = 1; seed <= 6; seed++) compareOnline(seed, true);
  });
  check::test("feedback learns from lists that it remembers, of the models in use", [] {
    Random random(3);
    const auto models = modelsOf(random, With{});
    Feedback feedback;
    CHECK(!feedback.layer(*models));
    feedback.restart(*models);
    const auto layer = feedback.layer(*models);
    CHECK(layer && layer->idle);
    const size_t width = onlineWidth(*models);
    for (uint64_t request = 1; request <= Feedback::kLists + 5; request++) {
      feedback.shown(request, *layer, listOf({7, 8, 9}, width));
    }
    feedback.learn({5, 7, 1});        // forgotten
    feedback.learn({6, 10, 1});       // not shown
    feedback.learn({1000000, 7, 1});  // never heard of
    feedback.learn({6, 9, 1});        // the oldest that is remembered
    feedback.learn({Feedback::kLists + 5, 9, 0.5f});
    CHECK(feedback.counts().missed == 3 && feedback.counts().learned == 2);
    CHECK(!feedback.layer(*models)->idle);
    CHECK(feedback.layer(*models)->weights[0] > 0);  // what was chosen had most of the first input
    const std::vector<float> state = feedback.state();

    const auto others = modelsOf(random, With{});
    feedback.restart(*others);
    CHECK(!feedback.layer(*models) && feedback.layer(*others)->idle && feedback.state().empty());
    feedback.learn({6, 9, 1});  // a list of models that are no more
    CHECK(feedback.counts().missed == 4);
    CHECK(feedback.resume(state) && !feedback.layer(*others)->idle);
  });
  return check::finish();
}
