#pragma once
// What the addon keeps for one JavaScript environment (the main thread, or one worker): the way back from pool
// threads to its event loop, and the calls whose promises are open. Instance data, so nothing is static.

#include <napi.h>

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace kairank {

/// A result on its way to JavaScript. May be dropped on any thread when the environment closes first, so it must own
/// nothing whose destructor needs the environment.
class Delivery {
 public:
  virtual ~Delivery() = default;
  /// On the JavaScript thread. What it throws is dropped: only an environment that is terminating makes it throw.
  virtual void deliver(Napi::Env env) = 0;
};

/// The thread-safe half of an environment; outlives it for as long as a thread holds it.
class Channel {
 public:
  /// Hands a result to the environment's event loop, from any thread; drops it when the environment has closed.
  void post(std::shared_ptr<Delivery> delivery) noexcept;

  /// True once nobody waits for results any more.
  bool closed() const noexcept;

 private:
  friend class Environment;

  static void call(napi_env env, napi_value, void* context, void*);

  // Two, used in turn. Node calls one again and again, up to a thousand times, while it is signalled from what it
  // runs, and timers and sockets wait meanwhile; the other one is called after them.
  using Functions = std::array<napi_threadsafe_function, 2>;

  mutable std::mutex mutex_;
  Functions functions_{};  // null once closed
  size_t next_ = 0;        // the one to signal
  bool signalled_ = false;
  std::vector<std::shared_ptr<Delivery>> waiting_;
};

/// A call whose promise is open. JavaScript thread only.
class OpenCall {
 public:
  virtual ~OpenCall() = default;
  /// The caller wants no answer any more.
  virtual void cancel(Napi::Env env) = 0;
  /// The environment closes: the last moment for letting go of references into it.
  virtual void leave() noexcept = 0;
};

class Environment {
 public:
  /// Makes the instance data of `env`; called once, when the addon is loaded there.
  static void create(Napi::Env env);

  static Environment& of(Napi::Env env);

  const std::shared_ptr<Channel>& channel() const { return channel_; }

  /// Keeps a call until `dismiss`, and the event loop alive with it. Returns its number.
  uint64_t admit(std::shared_ptr<OpenCall> call);
  void dismiss(uint64_t number);

  /// A JavaScript function that cancels the call of that number, or does nothing when it has settled.
  static Napi::Value cancelFunction(Napi::Env env, uint64_t number);

  Napi::FunctionReference coreClass;
  Napi::FunctionReference indexClass;
  Napi::FunctionReference labelledRowsClass;
  Napi::FunctionReference labelledGraphClass;

 private:
  explicit Environment(Napi::Env env) : env_(env) {}

  void close() noexcept;

  Napi::Env env_;
  std::shared_ptr<Channel> channel_ = std::make_shared<Channel>();
  uint64_t nextNumber_ = 1;
  std::unordered_map<uint64_t, std::shared_ptr<OpenCall>> calls_;
};

}  // namespace kairank
