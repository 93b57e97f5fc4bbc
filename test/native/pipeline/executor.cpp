// The pool: bounded queues, batches, deadlines, cancellation and closing, with requests whose end the test sees.

#include "../../../native/pipeline/executor.h"

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "../../../native/pipeline/cores.h"
#include "../../../native/pipeline/request.h"
#include "../check.h"
#include "awaited.h"

using namespace kairank;

namespace {

using TestRequest = Awaited<Request>;

/// A lane of tasks that are served one step at a time; a step below none fails.
class StepLane final : public Lane {
 public:
  StepLane() : Lane("staircase", 4, 8) {}

  std::atomic<bool> open{true};
  bool closed() const override { return !open; }
  void serve(Task* const* tasks, size_t count) override;
};

class StepTask : public Task {
 public:
  std::shared_ptr<StepLane> stairs;
  int steps = 0;
  int turns = 0;

  std::shared_ptr<Lane> lane() const override { return stairs; }
  bool finished() const override { return steps == 0; }
};

void StepLane::serve(Task* const* tasks, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    StepTask& task = static_cast<StepTask&>(*tasks[i]);
    ++task.turns;
    if (--task.steps < 0) task.outcome = Outcome::of(Status::notFound, "there is no such step");
  }
}

std::shared_ptr<Awaited<StepTask>> stepsOf(const std::shared_ptr<StepLane>& lane, int steps) {
  auto task = std::make_shared<Awaited<StepTask>>();
  task->stairs = lane;
  task->steps = steps;
  return task;
}

/// A lane that notes how many tasks came together.
class GatheringLane final : public Lane {
 public:
  explicit GatheringLane(Task::Clock::duration gather) : Lane("gathering", 100, 4, gather) {}

  std::mutex mutex;
  std::vector<size_t> batches;

  void serve(Task* const*, size_t count) override {
    std::lock_guard<std::mutex> lock(mutex);
    batches.push_back(count);
  }
};

class GatheredTask : public Task {
 public:
  std::shared_ptr<GatheringLane> target;

  std::shared_ptr<Lane> lane() const override { return target; }
};

/// What `count` tasks, submitted one after another, are served in.
std::vector<size_t> batchesOf(Task::Clock::duration gather, size_t count, unsigned threads) {
  auto lane = std::make_shared<GatheringLane>(gather);
  std::vector<std::shared_ptr<Awaited<GatheredTask>>> tasks;
  Executor pool(threads);
  for (size_t i = 0; i < count; ++i) {
    tasks.push_back(std::make_shared<Awaited<GatheredTask>>());
    tasks.back()->target = lane;
    pool.submit(tasks.back());
  }
  for (const auto& task : tasks) CHECK(task->await() == Status::ok);
  std::lock_guard<std::mutex> lock(lane->mutex);
  return lane->batches;
}

std::shared_ptr<Core> shop(size_t queueLimit, uint32_t items = 10) {
  CoreSettings settings;
  settings.typeWeights = {1};
  settings.queueLimit = queueLimit;
  std::shared_ptr<Core> core = Core::create(settings);
  for (uint32_t i = 0; i < items; ++i) {
    const uint32_t row = core->items.intern("item" + std::to_string(i), i + 1);
    core->eligibility.put({row}, {});
    const HistoryEvent event{row, 0, 0, static_cast<float>(i + 1), 0};
    core->histories.append(core->users.intern("user" + std::to_string(i)), &event, 1);
  }
  return core;
}

std::shared_ptr<TestRequest> requestOf(const std::shared_ptr<Core>& core) {
  auto request = std::make_shared<TestRequest>();
  request->core = core;
  request->k = 3;
  request->candidates = 10;
  return request;
}

/// A pool of one thread that stands at a door.
struct Busy {
  Executor pool{1};
  Door door;
  std::shared_ptr<TestRequest> first;

  explicit Busy(const std::shared_ptr<Core>& core) : first(requestOf(core)) {
    first->door = &door;
    pool.submit(first);
    door.awaitSomebody();
  }
};

Status statusOfSubmit(Executor& pool, const std::shared_ptr<Task>& task) {
  try {
    pool.submit(task);
    return Status::ok;
  } catch (const Error& error) {
    return error.status();
  }
}

void answersByPopularity() {
  Executor pool(2);
  const std::shared_ptr<Core> core = shop(100);
  const auto request = requestOf(core);
  pool.submit(request);
  CHECK(request->await() == Status::ok);
  CHECK(request->answer.rows == (std::vector<uint32_t>{9, 8, 7}));
  const auto seen = requestOf(core);
  seen->hasUser = true;
  seen->user = core->users.find("user9");
  pool.submit(seen);
  CHECK(seen->await() == Status::ok && seen->known);
  CHECK_THAT(seen->answer.rows == (std::vector<uint32_t>{8, 7, 6}), "what the user has is not shown again");
  const auto stranger = requestOf(core);
  stranger->hasUser = true;
  pool.submit(stranger);
  CHECK(stranger->await() == Status::ok && !stranger->known);
}

void ranksOnlyWhatIsGiven() {
  Executor pool(1);
  const std::shared_ptr<Core> core = shop(100);
  core->eligibility.remove(4);
  const auto request = requestOf(core);
  request->mode = RequestMode::rank;
  request->given = {2, 4, 7, 1};
  request->excluded = {1};
  pool.submit(request);
  CHECK(request->await() == Status::ok);
  CHECK(request->answer.rows == (std::vector<uint32_t>{7, 2}));
  CHECK(request->refused == (std::vector<uint32_t>{4, 1}));
  const auto nothing = requestOf(core);
  nothing->mode = RequestMode::rank;
  pool.submit(nothing);
  CHECK(nothing->await() == Status::ok);
  CHECK_THAT(nothing->answer.rows.empty(), "nothing given is nothing ranked, not a recall");
}

void fullQueuesRefuse() {
  const std::shared_ptr<Core> core = shop(3);
  const std::shared_ptr<Core> other = shop(1);
  Busy busy(core);
  std::vector<std::shared_ptr<TestRequest>> waiting;
  for (int i = 0; i < 3; ++i) {
    waiting.push_back(requestOf(core));
    CHECK(statusOfSubmit(busy.pool, waiting.back()) == Status::ok);
  }
  const auto refused = requestOf(core);
  CHECK(statusOfSubmit(busy.pool, refused) == Status::overloaded);
  const auto others = requestOf(other);
  CHECK_THAT(statusOfSubmit(busy.pool, others) == Status::ok, "each core has a queue of its own");
  CHECK(busy.pool.withdraw(*waiting[1]));
  CHECK(!busy.pool.withdraw(*waiting[1]));
  CHECK_THAT(statusOfSubmit(busy.pool, requestOf(core)) == Status::ok, "a withdrawn request makes room");
  busy.door.open();
  CHECK(waiting[0]->await() == Status::ok && waiting[2]->await() == Status::ok && others->await() == Status::ok);
  CHECK(waiting[1]->times() == 0 && refused->times() == 0);
}

void lateAndUnwantedRequestsCostNothing() {
  const std::shared_ptr<Core> core = shop(100);
  Busy busy(core);
  const auto late = requestOf(core);
  late->hasDeadline = true;
  late->deadline = Request::Clock::now();
  const auto unwanted = requestOf(core);
  const auto patient = requestOf(core);
  patient->hasDeadline = true;
  patient->deadline = Request::Clock::now() + std::chrono::hours(1);
  for (const auto& request : {late, unwanted, patient}) busy.pool.submit(request);
  unwanted->cancel();
  busy.door.open();
  CHECK(late->await() == Status::deadlineExceeded);
  CHECK(unwanted->await() == Status::aborted);
  CHECK(patient->await() == Status::ok);
  CHECK(late->answer.rows.empty() && unwanted->answer.rows.empty() && patient->answer.rows.size() == 3);
}

void closingSettlesWhatWaits() {
  const std::shared_ptr<Core> core = shop(100);
  Busy busy(core);
  const auto waiting = requestOf(core);
  busy.pool.submit(waiting);
  const uint64_t token = core->token();
  CHECK(Core::attach(token) == core);
  core->close();
  busy.pool.drop(*core);
  CHECK(waiting->await() == Status::closed);
  CHECK(statusOfSubmit(busy.pool, requestOf(core)) == Status::closed);
  bool unknown = false;
  try {
    Core::attach(token);
  } catch (const Error& error) {
    unknown = error.status() == Status::notFound;
  }
  CHECK(unknown);
  busy.door.open();
  CHECK_THAT(busy.first->await() == Status::ok, "what had begun is answered");
}

void forgottenCoresAreFreed() {
  uint64_t token = 0;
  std::weak_ptr<Core> core;
  {
    Executor pool(1);
    const auto request = requestOf(shop(10));
    token = request->core->token();
    core = request->core;
    pool.submit(request);
    request->await();
    CHECK(!core.expired());
  }
  CHECK_THAT(core.expired(), "neither the registry nor the pool keeps it");
  bool unknown = false;
  try {
    Core::attach(token);
  } catch (const Error&) {
    unknown = true;
  }
  CHECK(unknown);
}

void everyRequestSettlesOnce() {
  constexpr int kEach = 800;
  Executor pool(3);
  const std::vector<std::shared_ptr<Core>> cores{shop(100000), shop(100000, 300)};
  std::vector<std::vector<std::shared_ptr<TestRequest>>> sent(3);
  std::vector<std::thread> threads;
  std::vector<int> withdrawn(3, 0);
  for (size_t t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        const auto request = requestOf(cores[static_cast<size_t>(i) % 2]);
        sent[t].push_back(request);
        pool.submit(request);
        if (i % 5 == 0) {
          request->cancel();
          if (pool.withdraw(*request)) {
            ++withdrawn[t];
            request->settled(Status::aborted, "");
          }
        }
        const HistoryEvent event{static_cast<uint32_t>(i % 10), 0, 0, 1, static_cast<double>(i)};
        request->core->histories.append(static_cast<uint32_t>(t), &event, 1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& requests : sent) {
    for (const auto& request : requests) {
      const Status status = request->await();
      CHECK(status == Status::ok || status == Status::aborted);
      if (status == Status::ok) CHECK(request->answer.rows.size() == 3);
    }
  }
  for (const auto& requests : sent) {
    for (const auto& request : requests) CHECK(request->times() == 1);
  }
}

void longTasksTakeTurns() {
  const auto stairs = std::make_shared<StepLane>();
  const std::shared_ptr<Core> core = shop(100);
  Busy busy(core);
  const auto tall = stepsOf(stairs, 300), low = stepsOf(stairs, 1), missing = stepsOf(stairs, -1);
  for (const auto& task : {tall, low, missing}) busy.pool.submit(task);
  const auto request = requestOf(core);
  busy.pool.submit(request);
  busy.door.open();
  CHECK(request->await() == Status::ok);
  CHECK(low->await() == Status::ok && low->turns == 1);
  CHECK_THAT(missing->await() == Status::notFound, "one task of a batch fails alone");
  CHECK(tall->await() == Status::ok && tall->turns == 300);
  CHECK(tall->times() == 1 && missing->times() == 1);
}

void unfinishedTasksEndWithTheirLane() {
  const auto stairs = std::make_shared<StepLane>();
  const auto endless = stepsOf(stairs, 1 << 30);
  Executor pool(2);
  pool.submit(endless);
  stairs->open = false;
  pool.drop(*stairs);
  CHECK(endless->await() == Status::closed);
  CHECK(statusOfSubmit(pool, stepsOf(stairs, 1)) == Status::closed);

  const auto other = std::make_shared<StepLane>();
  const auto unwanted = stepsOf(other, 1 << 30), late = stepsOf(other, 1 << 30), left = stepsOf(other, 1 << 30);
  late->hasDeadline = true;
  late->deadline = Task::Clock::now() + std::chrono::milliseconds(5);
  {
    Executor ending(2);
    for (const auto& task : {unwanted, late, left}) ending.submit(task);
    unwanted->cancel();
    CHECK(unwanted->await() == Status::aborted);
    CHECK(late->await() == Status::deadlineExceeded);
    CHECK(left->times() == 0);
  }
  CHECK_THAT(left->await() == Status::closed, "the pool that ends settles what is not finished");
}

void countsCores() {
  CHECK(allowedCores() >= 1);
  CHECK(poolThreads() >= 1);
}

}  // namespace

int main() {
  check::test("answers by popularity before any training", answersByPopularity);
  check::test("ranks only what is given", ranksOnlyWhatIsGiven);
  check::test("full queues refuse", fullQueuesRefuse);
  check::test("late and unwanted requests cost nothing", lateAndUnwantedRequestsCostNothing);
  check::test("closing settles what waits", closingSettlesWhatWaits);
  check::test("forgotten cores are freed", forgottenCoresAreFreed);
  check::test("every request settles once", everyRequestSettlesOnce);
  check::test("long tasks take turns", longTasksTakeTurns);
  check::test("unfinished tasks end with their lane, or when nobody wants them", unfinishedTasksEndWithTheirLane);
  check::test("a gathering lane waits for others, and not once its batch is full", [] {
    using std::chrono::milliseconds;
    for (unsigned threads : {1u, 3u}) {
      CHECK(batchesOf(milliseconds(700), 3, threads) == std::vector<size_t>{3});
      // Were they waited for, this would take minutes.
      CHECK(batchesOf(std::chrono::minutes(5), 4, threads) == std::vector<size_t>{4});
      const std::vector<size_t> ungathered = batchesOf(milliseconds(0), 8, threads);
      size_t all = 0;
      for (size_t batch : ungathered) all += batch;
      CHECK(all == 8);
    }
  });
  check::test("counts cores", countsCores);
  return check::finish();
}
