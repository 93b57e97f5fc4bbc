// The intent, event by event, against the network over whole histories in double precision.

#include "../../../native/recall/intent.h"

#include <cmath>

#include "../../../native/include/status.h"
#include "../../../native/learn/sequence/batches.h"
#include "../check.h"

using namespace kairank;

namespace {

std::shared_ptr<SequenceModel> randomModel(Random& random, uint32_t window, bool rich, bool pooled) {
  auto model = std::make_shared<SequenceModel>();
  model->config.items = 40;
  model->config.dim = 24;
  model->config.blocks = 2;
  model->config.heads = 3;
  model->config.hidden = 20;
  model->config.window = window;
  model->config.pooled = pooled;
  if (rich) {
    model->config.gaps = 12;
    model->config.kinds = {0, 2, 5};
  }
  for (size_t i = 0; i < SequenceLayout(model->config).size; i++) {
    model->weights.push_back(static_cast<float>(random.normal() * 0.3));
  }
  return model;
}

std::vector<HistoryEvent> randomHistory(Random& random, size_t count) {
  std::vector<HistoryEvent> events;
  double at = 1e12;
  for (size_t i = 0; i < count; i++) {
    at += 1000 * std::exp(12 * random.uniform()) - 500;
    const uint32_t row = random.below(8) == 0 ? kNoRow : static_cast<uint32_t>(random.below(44));
    events.push_back({row, static_cast<uint16_t>(random.below(3)), 0, static_cast<float>(random.below(3)) - 1, at});
  }
  return events;
}

void checkHistory(uint32_t window, size_t count, bool rich, bool pooled, uint64_t seed) {
  Random random(seed);
  const auto model = randomModel(random, window, rich, pooled);
  const SequenceConfig& config = model->config;
  const size_t dim = config.dim;
  const SequenceLayout layout(config);
  const std::vector<double> weights(model->weights.begin(), model->weights.end());
  const std::vector<HistoryEvent> events = randomHistory(random, count);
  const IntentEncoder encoder(model);
  IntentScratch scratch;
  IntentState state = encoder.begin();
  for (size_t n = 1; n <= count; n++) {
    encoder.push(state, events[n - 1], scratch);
    // The oracle sees every event from the first, and attends through its window as training does.
    Ragged all;
    const HistoryEvent* before = nullptr;
    for (size_t e = 0; e < n; e++) {
      if (events[e].row >= config.items || events[e].weight == 0) continue;
      all.push(events[e].row, kindRow(config, events[e]), gapRow(config, before, events[e]));
      before = &events[e];
    }
    all.close();
    std::vector<float> whole(dim, 7.0f);
    const bool known = encoder.encode(events.data(), n, scratch, whole.data());
    CHECK(known == (all.rows() > 0));
    if (!known) {
      CHECK(whole == std::vector<float>(dim, 0.0f) && state.intent == whole);
      continue;
    }
    NetworkTrace<double> trace;
    networkForward(config, layout, weights.data(), all, 0, random, trace);
    const double* expected = trace.out.data() + (all.rows() - 1) * dim;
    double length = 0;
    for (size_t d = 0; d < dim; d++) length += expected[d] * expected[d] / static_cast<double>(dim);
    for (size_t d = 0; d < dim; d++) {
      const double room = 2e-5 * (std::sqrt(length) + 1);
      CHECK_THAT(std::fabs(state.intent[d] - expected[d]) < room,
                 "event " << n << " window " << window << ": " << state.intent[d] << " for " << expected[d]);
      CHECK_THAT(std::fabs(whole[d] - expected[d]) < room, "whole, event " << n << " window " << window);
    }
    // What trainers look at is cut to the events that reach the intent: the same answer.
    Ragged cut;
    CHECK(pushHistory(config, events.data(), n, cut));
    networkForward(config, layout, weights.data(), cut, 0, random, trace);
    for (size_t d = 0; d < dim; d++) {
      CHECK(std::fabs(trace.out[(cut.rows() - 1) * dim + d] - state.intent[d]) < 2e-5 * (std::sqrt(length) + 1));
    }
  }
}

}  // namespace

int main() {
  check::test("event by event, within the window and far beyond", [] {
    for (const uint32_t window : {1u, 2u, 5u, 16u}) checkHistory(window, 60, false, false, window);
  });
  check::test("with kinds and times", [] { checkHistory(5, 60, true, false, 9); });
  check::test("with pooling", [] {
    for (const uint32_t window : {1u, 5u, 16u}) checkHistory(window, 60, true, true, window);
  });
  check::test("a model that is not in order is refused", [] {
    Random random(1);
    auto model = randomModel(random, 4, false, false);
    model->weights[3] = NAN;
    bool refused = false;
    try {
      const IntentEncoder encoder(model);
    } catch (const Error& error) {
      refused = error.status() == Status::invalidArgument;
    }
    CHECK(refused);
  });
  return check::finish();
}
