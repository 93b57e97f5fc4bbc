// Epochs: nothing is freed while a reader can reach it, and everything is freed afterwards.

#include "../../../native/state/epochs.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "../check.h"

using kairank::epochs::collect;
using kairank::epochs::Guard;
using kairank::epochs::pending;
using kairank::epochs::retire;

namespace {

std::atomic<int> freed{0};

struct Node {
  std::atomic<int> alive{1};
  int value = 0;
};

void freeNode(void* node) {
  static_cast<Node*>(node)->alive.store(0);
  ++freed;
  delete static_cast<Node*>(node);
}

void freedOnlyAfterTheReader() {
  collect();
  CHECK(pending() == 0);
  freed = 0;
  {
    Guard outer;
    {
      Guard inner;
      retire(new Node, freeNode, sizeof(Node));
    }
    collect();
    CHECK_THAT(freed == 0, "a nested guard that ends does not end the outer one");
  }
  collect();
  CHECK(freed == 1);
  CHECK(pending() == 0);
}

void anotherThreadHoldsBackToo() {
  freed = 0;
  std::mutex mutex;
  std::condition_variable changed;
  bool inside = false;
  bool leave = false;
  std::thread reader([&] {
    Guard guard;
    std::unique_lock<std::mutex> lock(mutex);
    inside = true;
    changed.notify_all();
    changed.wait(lock, [&] { return leave; });
  });
  {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return inside; });
  }
  for (int i = 0; i < 200; ++i) retire(new Node, freeNode, sizeof(Node));
  CHECK_THAT(freed == 0, "freed " << freed);
  {
    // A reader that came later sees none of it and does not hold it back once the first has left.
    std::lock_guard<std::mutex> lock(mutex);
    leave = true;
  }
  changed.notify_all();
  reader.join();
  Guard late;
  collect();
  CHECK(freed == 200);
}

void largeGarbageDoesNotWait() {
  freed = 0;
  retire(new Node, freeNode, size_t{2} << 20);
  CHECK(freed == 1);
}

void readersSeeOnlyTheLiving() {
  freed = 0;
  constexpr int kWrites = 20000;
  std::atomic<Node*> shared{new Node};
  std::atomic<bool> done{false};
  std::atomic<int> dead{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      int last = 0;
      while (!done.load()) {
        Guard guard;
        const Node* node = shared.load(std::memory_order_acquire);
        if (node->alive.load() != 1 || node->value < last) ++dead;
        last = node->value;
      }
    });
  }
  for (int i = 1; i <= kWrites; ++i) {
    Node* next = new Node;
    next->value = i;
    retire(shared.exchange(next), freeNode, sizeof(Node));
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  collect();
  CHECK(dead == 0);
  CHECK_THAT(freed == kWrites, freed << " freed");
  delete shared.load();
}

}  // namespace

int main() {
  check::test("freed only after the reader", freedOnlyAfterTheReader);
  check::test("another thread holds back too", anotherThreadHoldsBackToo);
  check::test("large garbage does not wait", largeGarbageDoesNotWait);
  check::test("readers see only the living", readersSeeOnlyTheLiving);
  return check::finish();
}
