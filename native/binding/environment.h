#pragma once
// What the addon keeps for one JavaScript environment (the main thread, or one worker): the way back from pool
// threads to its event loop, and the long jobs it started. Instance data, so nothing is static.

#include <napi.h>

#include <memory>
#include <mutex>
#include <unordered_set>
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

  mutable std::mutex mutex_;
  napi_threadsafe_function function_ = nullptr;  // null once closed
  std::vector<std::shared_ptr<Delivery>> waiting_;
};

/// Something that holds references into the environment and has to let go of them before it closes.
class Resident {
 public:
  virtual ~Resident() = default;
  virtual void leave() noexcept = 0;
};

class Environment {
 public:
  /// Makes the instance data of `env`; called once, when the addon is loaded there.
  static void create(Napi::Env env);

  static Environment& of(Napi::Env env);

  /// While held, the event loop stays alive. Calls are counted; JavaScript thread only.
  void hold();
  void release();

  const std::shared_ptr<Channel>& channel() const { return channel_; }

  void admit(std::shared_ptr<Resident> resident) { residents_.insert(std::move(resident)); }
  void dismiss(const std::shared_ptr<Resident>& resident) { residents_.erase(resident); }

  Napi::FunctionReference coreClass;
  Napi::FunctionReference cancelCall;

 private:
  explicit Environment(Napi::Env env) : env_(env) {}

  void close() noexcept;

  Napi::Env env_;
  size_t held_ = 0;
  std::shared_ptr<Channel> channel_ = std::make_shared<Channel>();
  std::unordered_set<std::shared_ptr<Resident>> residents_;
};

}  // namespace kairank
