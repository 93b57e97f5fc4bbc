#include "vector_object.h"

#include <thread>
#include <utility>
#include <vector>

#include "../pipeline/cores.h"
#include "../vector/file.h"
#include "environment.h"
#include "errors.h"
#include "handles.h"
#include "jobs.h"
#include "parse.h"
#include "vector_parse.h"
#include "vector_search.h"

namespace kairank {

namespace {

constexpr napi_type_tag kIndexTag = {0x6b6169726e6b496eu, 0x6465780000000001u};
constexpr size_t kSmall = size_t{8} << 20;  // bytes of an index that is freed in no time

/// What a handle counts for besides: an index reserves much address space, of which there is an end too, so that those
/// nobody closed are to be collected while they are a few.
constexpr int64_t kHandle = int64_t{8} << 20;

const char* wordOf(Metric metric) {
  switch (metric) {
    case Metric::dot: return "dot";
    case Metric::cosine: return "cosine";
    case Metric::l2: break;
  }
  return "l2";
}

const char* wordOf(Storage storage) {
  switch (storage) {
    case Storage::f32: return "f32";
    case Storage::bf16: return "bf16";
    case Storage::int8: break;
  }
  return "int8";
}

Napi::Object putObject(Napi::Env env, const VectorIndex::Put& put) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("added", static_cast<double>(put.added));
  object.Set("replaced", static_cast<double>(put.replaced));
  return object;
}

/// Lets go of an index. Unmapping a large one takes long enough to be felt, so the last to hold it does it elsewhere.
void letGo(std::shared_ptr<VectorIndex> index) {
  if (!index || index.use_count() > 1 || index->figures().bytes < kSmall) return;
  try {
    std::thread([index = std::move(index)]() mutable { index.reset(); }).detach();
  } catch (const std::system_error&) {
    // No thread to be had: it is freed here.
  }
}

/// The control of a write: stopped by its job's caller, and by a deadline.
struct WriteControl : Control {
  WriteControl(JobContext& context, const Interrupt& interrupt)
      : Control([interrupt] { return interrupt.due(); },
                [&context](const Progress& progress) {
                  context.progress(static_cast<uint64_t>(progress.done), static_cast<uint64_t>(progress.total),
                                   progress.ndcg, progress.loss);
                }) {}
};

Interrupt interruptOf(JobContext& context, bool hasDeadline, Interrupt::Clock::time_point deadline) {
  return {&context.flag(), hasDeadline, deadline};
}

}  // namespace

void IndexObject::Opened::tell(Napi::Env env) {
  if (!parts.index) return;
  const int64_t bytes = static_cast<int64_t>(parts.index->figures().bytes) + kHandle;
  Napi::MemoryManagement::AdjustExternalMemory(env, bytes - told);
  told = bytes;
}

void IndexObject::Opened::close(Napi::Env env) {
  Parts closed = std::move(parts);
  parts = {};
  if (!closed.index) return;
  int64_t total = 0;
  napi_adjust_external_memory(env, -told, &total);
  closed.lane.reset();
  letGo(std::move(closed.index));
}

void exportVector(Napi::Env env, Napi::Object exports) {
  exports.Set("createIndex", Napi::Function::New(
                                 env,
                                 [](const Napi::CallbackInfo& info) {
                                   return guard(info.Env(), [&] {
                                     const IndexOptions options = indexOptionsOf(info[0]);
                                     return IndexObject::wrap(
                                         info.Env(), std::make_shared<VectorIndex>(options.settings, options.stringIds),
                                         options.queueLimit);
                                   });
                                 },
                                 "createIndex"));
  exports.Set("openIndex",
              Napi::Function::New(
                  env,
                  [](const Napi::CallbackInfo& info) {
                    return guard(info.Env(), [&]() -> Napi::Value {
                      const std::string path = pathTextOf(info[0]);
                      const bool verifyAll = info[1].IsBoolean() && info[1].As<Napi::Boolean>().Value();
                      const size_t queueLimit = queueLimitOf(info[2]);
                      const auto work = [path, verifyAll](JobContext&) { return openIndex(path, verifyAll); };
                      const auto convert = [queueLimit](Napi::Env env, const std::shared_ptr<VectorIndex>& index) {
                        return IndexObject::wrap(env, index, queueLimit);
                      };
                      return startJob(info.Env(), work, info.Env().Undefined(), convert);
                    });
                  },
                  "openIndex"));
}

Napi::Function IndexObject::define(Napi::Env env) {
  return DefineClass(env, "NativeIndex",
                     {
                         InstanceMethod<&IndexObject::put>("put"),
                         InstanceMethod<&IndexObject::putSync>("putSync"),
                         InstanceMethod<&IndexObject::remove>("remove"),
                         InstanceMethod<&IndexObject::removeSync>("removeSync"),
                         InstanceMethod<&IndexObject::has>("has"),
                         InstanceMethod<&IndexObject::get>("get"),
                         InstanceMethod<&IndexObject::search>("search"),
                         InstanceMethod<&IndexObject::searchSync>("searchSync"),
                         InstanceMethod<&IndexObject::select>("select"),
                         InstanceMethod<&IndexObject::calibrate>("calibrate"),
                         InstanceMethod<&IndexObject::save>("save"),
                         InstanceMethod<&IndexObject::figures>("figures"),
                         InstanceMethod<&IndexObject::close>("close"),
                     });
}

Napi::Object IndexObject::wrap(Napi::Env env, std::shared_ptr<VectorIndex> index, size_t queueLimit) {
  Environment& environment = Environment::of(env);
  if (environment.indexClass.IsEmpty()) environment.indexClass = Napi::Persistent(define(env));
  auto opened = std::make_shared<Opened>();
  opened->parts.lane = std::make_shared<IndexLane>(index, queueLimit);
  opened->parts.index = std::move(index);
  opened->parts.writes = std::make_shared<Serial>();
  return environment.indexClass.New({wrapHandle<Opened>(env, std::move(opened), kIndexTag)});
}

IndexObject::IndexObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<IndexObject>(info) {
  guard(info.Env(), [&] {
    opened_ = unwrapHandle<Opened>(info[0], kIndexTag, "index");
    opened_->tell(info.Env());
  });
}

IndexObject::~IndexObject() {
  if (opened_) opened_->close(Env());
}

IndexObject::Parts IndexObject::open() const {
  if (!opened_->parts.index) throw Error(Status::closed, "The index is closed.");
  return opened_->parts;
}

Napi::Value IndexObject::put(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    const Parts parts = open();
    auto ids = std::make_shared<const KeyList>(keysOf(info[0], parts.index->stringIds()));
    const uint32_t threads = threadsOf(info[2]);
    bool hasDeadline = false;
    Interrupt::Clock::time_point deadline{};
    readDeadline(info[3], hasDeadline, deadline);
    auto vectors = std::make_shared<const std::vector<float>>(
        vectorsOf(info[1], "vectors", parts.index->settings().dim, ids->size()));
    const auto work = [index = parts.index, ids, vectors, threads, hasDeadline, deadline](JobContext& context) {
      const Interrupt interrupt = interruptOf(context, hasDeadline, deadline);
      WriteControl control(context, interrupt);
      try {
        return index->put(*ids, vectors->data(), threads, control);
      } catch (const Error& error) {
        if (error.status() == Status::aborted) interrupt.check();  // which of the two it was
        throw;
      }
    };
    const auto convert = [opened = opened_](Napi::Env env, const VectorIndex::Put& put) {
      opened->tell(env);
      return putObject(env, put);
    };
    return startJob(info.Env(), work, info[4], convert, parts.writes);
  });
}

Napi::Value IndexObject::putSync(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    const Parts parts = open();
    VectorIndex& index = *parts.index;
    const KeyList ids = keysOf(info[0], index.stringIds());
    const uint32_t threads = threadsOf(info[2]);
    const std::vector<float> vectors = vectorsOf(info[1], "vectors", index.settings().dim, ids.size());
    Control control;
    const VectorIndex::Put put = index.put(ids, vectors.data(), threads, control);
    opened_->tell(info.Env());
    return putObject(info.Env(), put);
  });
}

Napi::Value IndexObject::remove(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    const Parts parts = open();
    auto ids = std::make_shared<const KeyList>(keysOf(info[0], parts.index->stringIds()));
    const auto work = [index = parts.index, ids](JobContext& context) {
      interruptOf(context, false, {}).check();
      return index->remove(*ids, allowedCores());
    };
    const auto convert = [opened = opened_](Napi::Env env, size_t removed) -> Napi::Value {
      opened->tell(env);
      return Napi::Number::New(env, static_cast<double>(removed));
    };
    return startJob(info.Env(), work, info.Env().Undefined(), convert, parts.writes);
  });
}

Napi::Value IndexObject::removeSync(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    const Parts parts = open();
    const KeyList ids = keysOf(info[0], parts.index->stringIds());
    const size_t removed = parts.index->remove(ids, allowedCores());
    opened_->tell(info.Env());
    return Napi::Number::New(info.Env(), static_cast<double>(removed));
  });
}

Napi::Value IndexObject::has(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    const Parts parts = open();
    return Napi::Boolean::New(info.Env(), parts.index->has(keyOf(info[0], parts.index->stringIds()), 0));
  });
}

Napi::Value IndexObject::get(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    const Parts parts = open();
    const VectorIndex& index = *parts.index;
    const KeyList id = keyOf(info[0], index.stringIds());
    Napi::Float32Array vector = Napi::Float32Array::New(info.Env(), index.settings().dim);
    return index.get(id, 0, vector.Data()) ? Napi::Value(vector) : info.Env().Null();
  });
}

Napi::Value IndexObject::search(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    const Parts parts = open();
    auto call = std::make_shared<SearchCall>(info.Env(), parts.index->stringIds());
    call->target = parts.lane;
    readSearch(info, parts.index, *call);
    return call->submit(info.Env());
  });
}

Napi::Value IndexObject::searchSync(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    const Parts parts = open();
    struct Now final : IndexSearch {
      void settled(Status, const std::string&) noexcept override {}
    } asked;
    readSearch(info, parts.index, asked);
    asked.options.interrupt.hasDeadline = asked.hasDeadline;
    asked.options.interrupt.deadline = asked.deadline;
    const VectorIndex& index = *parts.index;
    return hitsObject(info.Env(), index.search(asked.queries.data(), asked.count, asked.options, asked.threads),
                      index.stringIds());
  });
}

Napi::Value IndexObject::select(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    const Parts parts = open();
    const KeyList ids = keysOf(info[0], parts.index->stringIds());
    auto handle = std::make_shared<SelectionHandle>(SelectionHandle{parts.index->select(ids), parts.index});
    return selectionObject(info.Env(), std::move(handle));
  });
}

Napi::Value IndexObject::calibrate(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    const auto work = [index = open().index](JobContext& context) {
      return index->calibrate(interruptOf(context, false, {}));
    };
    const auto convert = [](Napi::Env env, const std::vector<CalibrationPoint>& points) {
      Napi::Array array = Napi::Array::New(env, points.size());
      for (uint32_t i = 0; i < points.size(); i++) {
        Napi::Object point = Napi::Object::New(env);
        point.Set("efSearch", points[i].ef);
        point.Set("recall", static_cast<double>(points[i].recall));
        array.Set(i, point);
      }
      return array;
    };
    return startJob(info.Env(), work, info.Env().Undefined(), convert);
  });
}

/// A file has the writes that were called before, and none of those after.
Napi::Value IndexObject::save(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    const Parts parts = open();
    const std::string path = pathTextOf(info[0]);
    const auto work = [index = parts.index, path](JobContext& context) {
      interruptOf(context, false, {}).check();
      saveIndex(*index, path);
      return true;
    };
    const auto convert = [](Napi::Env env, bool) { return env.Undefined(); };
    return startJob(info.Env(), work, info.Env().Undefined(), convert, parts.writes);
  });
}

Napi::Value IndexObject::figures(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    const Parts parts = open();
    const VectorIndex& index = *parts.index;
    const IndexSettings& settings = index.settings();
    const IndexFigures figures = index.figures();
    Napi::Object object = Napi::Object::New(info.Env());
    object.Set("dim", settings.dim);
    object.Set("metric", wordOf(settings.metric));
    object.Set("storage", wordOf(settings.storage));
    object.Set("codes", settings.codes == Codes::int4 ? "int4" : "int8");
    object.Set("graph", settings.graph);
    object.Set("m", settings.m);
    object.Set("efConstruction", settings.efConstruction);
    object.Set("seed", static_cast<double>(settings.seed));
    object.Set("strings", index.stringIds());
    object.Set("items", static_cast<double>(figures.items));
    object.Set("rows", static_cast<double>(figures.rows));
    object.Set("reusable", static_cast<double>(figures.reusable));
    object.Set("bytes", static_cast<double>(figures.bytes));
    return object;
  });
}

Napi::Value IndexObject::close(const Napi::CallbackInfo& info) {
  opened_->close(info.Env());
  return info.Env().Undefined();
}

}  // namespace kairank
