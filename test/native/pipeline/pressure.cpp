// What is given up when time is short: worked examples, and answers against models that never had what was left out.

#include "../../../native/pipeline/pressure.h"

#include <cmath>

#include "../../../native/pipeline/stages.h"
#include "../check.h"
#include "../rank/inputs_by_hand.h"
#include "made_up.h"

using namespace kairank;
using namespace made_up;

namespace {

constexpr uint32_t kReasons = 1, kRanker = 2, kStageAttention = 4;

Answer answerOf(const ModelSet& models, const std::vector<HistoryEvent>& history, uint32_t skipped, uint32_t reasons) {
  Ask ask = askOf(history);
  ask.k = 20;
  ask.reasons = reasons;
  ask.skipped = skipped;
  Answer answer;
  answerBatch(models, &ask, 1, *makeScratch(), &answer);
  return answer;
}

}  // namespace

int main() {
  check::test("as many stages go as the time asks for, in their order", [] {
    StageTimes costs;
    costs.whole = 400;
    costs.stage = {50, 200, 60};
    CHECK(stagesBeyond(costs, 400) == 0);
    CHECK(stagesBeyond(costs, 399) == kReasons);
    CHECK(stagesBeyond(costs, 350) == kReasons);
    CHECK(stagesBeyond(costs, 300) == (kReasons | kRanker));
    CHECK(stagesBeyond(costs, 149) == (kReasons | kRanker | kStageAttention));
    CHECK(stagesBeyond(costs, -5) == (kReasons | kRanker | kStageAttention));
    CHECK(stagesBeyond(StageTimes{}, 1) == 0);
    CHECK(stagesUnder(50, 50) == 0);
    CHECK(stagesUnder(51, 50) == kReasons);
    CHECK(stagesUnder(101, 50) == (kReasons | kRanker));
    CHECK(stagesUnder(201, 50) == (kReasons | kRanker | kStageAttention));
    CHECK(stagesUnder(1e9, 0) == 0);
  });
  check::test("costs follow what requests take, and what was left out is not counted as nothing", [] {
    StageCosts costs;
    StageTimes times;
    times.whole = 300;
    times.stage = {30, 100, 20};
    for (int i = 0; i < 10; i++) costs.note(times, 0);
    CHECK(std::fabs(costs.lately().whole - 300) < 1e-9);
    times.whole = 100;
    times.stage = {0, 0, 20};
    for (int i = 0; i < 500; i++) costs.note(times, kReasons | kRanker);
    CHECK(std::fabs(costs.lately().whole - 300) < 1e-9 && std::fabs(costs.lately().stage[1] - 100) < 1e-9);
    times.whole = 500;
    times.stage = {60, 200, 40};
    for (int i = 0; i < 1000; i++) costs.note(times, 0);
    CHECK(std::fabs(costs.lately().whole - 500) < 1 && std::fabs(costs.lately().stage[0] - 60) < 1);
  });
  check::test("without a stage an answer is that of models that have none", [] {
    for (uint64_t seed = 1; seed <= 5; seed++) {
      Random random(seed);
      With with;
      with.ranker = std::make_shared<RankerModel>(randomRanker(random, 50));
      Random own(seed + 100), same(seed + 100);
      const auto models = modelsOf(own, with);
      const auto unranked = modelsOf(same, With{});
      const std::vector<HistoryEvent> history = historyOf(random, 30);
      const Answer whole = answerOf(*models, history, 0, 2);
      CHECK(whole.skipped == 0 && whole.reasonEvents.size() == 2 * whole.rows.size());
      CHECK(whole.times.whole >= whole.times.stage[0] + whole.times.stage[1] + whole.times.stage[2]);

      const Answer silent = answerOf(*models, history, kReasons, 2);
      CHECK(silent.skipped == kReasons && silent.reasonEvents.empty() && silent.reasonWeights.empty());
      CHECK(silent.rows == whole.rows && silent.scores == whole.scores);
      CHECK(answerOf(*models, history, kReasons, 0).skipped == 0);

      const Answer plain = answerOf(*models, history, kReasons | kRanker, 2);
      const Answer blended = answerOf(*unranked, history, 0, 0);
      CHECK(plain.skipped == (kReasons | kRanker));
      CHECK(plain.rows == blended.rows && plain.scores == blended.scores);
      CHECK(plain.rows != whole.rows);
      CHECK(answerOf(*unranked, history, kRanker, 0).skipped == 0);

      with.ranker = nullptr;
      with.blendsAttention = false;
      Random third(seed + 100);
      const auto unattended = modelsOf(third, with);
      const Answer least = answerOf(*models, history, kReasons | kRanker | kStageAttention, 2);
      CHECK(least.skipped == (kReasons | kRanker | kStageAttention));
      CHECK_THAT(least.rows == answerOf(*unattended, history, 0, 0).rows, "seed " << seed);
    }
  });
  return check::finish();
}
