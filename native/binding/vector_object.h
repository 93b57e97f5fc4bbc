#pragma once
// NativeIndex of src/native-vector.ts: a handle on an index of vectors.

#include <napi.h>

#include <memory>

#include "../pipeline/index_lane.h"
#include "../pipeline/serial.h"
#include "../vector/index.h"

namespace kairank {

/// createIndex(options), openIndex(path, verifyAll, queueLimit).
void exportVector(Napi::Env env, Napi::Object exports);

class IndexObject : public Napi::ObjectWrap<IndexObject> {
 public:
  static Napi::Function define(Napi::Env env);

  /// A JavaScript object for an index.
  static Napi::Object wrap(Napi::Env env, std::shared_ptr<VectorIndex> index, size_t queueLimit);

  /// Only `wrap` may call it: anything else throws KAIRANK_INVALID_ARGUMENT.
  explicit IndexObject(const Napi::CallbackInfo& info);
  ~IndexObject() override;

 private:
  struct Parts {
    std::shared_ptr<VectorIndex> index;
    std::shared_ptr<IndexLane> lane;
    std::shared_ptr<Serial> writes;
  };
  /// What the handle holds until it is closed. Calls in flight hold the parts that they need, and tell what came of
  /// them here.
  struct Opened {
    Parts parts;
    int64_t told = 0;  // bytes that the garbage collector knows of

    /// Tells the garbage collector how large the index has become.
    void tell(Napi::Env env);
    void close(Napi::Env env);
  };

  Napi::Value put(const Napi::CallbackInfo& info);
  Napi::Value putSync(const Napi::CallbackInfo& info);
  Napi::Value remove(const Napi::CallbackInfo& info);
  Napi::Value removeSync(const Napi::CallbackInfo& info);
  Napi::Value has(const Napi::CallbackInfo& info);
  Napi::Value get(const Napi::CallbackInfo& info);
  Napi::Value search(const Napi::CallbackInfo& info);
  Napi::Value searchSync(const Napi::CallbackInfo& info);
  Napi::Value select(const Napi::CallbackInfo& info);
  Napi::Value calibrate(const Napi::CallbackInfo& info);
  Napi::Value save(const Napi::CallbackInfo& info);
  Napi::Value figures(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  /// The parts; throws Error(closed) once this handle was closed. A copy, because reading an argument may run
  /// JavaScript that closes it.
  Parts open() const;

  std::shared_ptr<Opened> opened_;
};

}  // namespace kairank
