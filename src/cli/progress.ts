/** Progress of long commands, on stderr: a bar where somebody watches, plain lines elsewhere, nothing beside JSON. */

import { Presets, SingleBar } from 'cli-progress';

export interface Progress {
  /** @param done 0 to 1. @param note a few words behind the bar. */
  update(task: string, done: number, note?: string): void;
  stop(): void;
}

const WIDTH = 28;
const TASK_WIDTH = 22;

class BarProgress implements Progress {
  private readonly bar = new SingleBar(
    {
      format: `{task} {bar} {percentage}% {note}`,
      hideCursor: true,
      clearOnComplete: false,
      barsize: WIDTH,
      stopOnComplete: false,
      linewrap: false,
    },
    Presets.shades_classic,
  );
  private task: string | undefined;

  update(task: string, done: number, note = ''): void {
    if (this.task !== task) {
      this.stop();
      this.task = task;
      this.bar.start(100, 0, { task: task.padEnd(TASK_WIDTH), note });
    }
    this.bar.update(Math.round(done * 100), { task: task.padEnd(TASK_WIDTH), note });
  }

  stop(): void {
    if (this.task !== undefined) this.bar.stop();
    this.task = undefined;
  }
}

/** A line for each task when it begins and when it ends. */
class LineProgress implements Progress {
  private task: string | undefined;
  private ended = false;

  update(task: string, done: number, note = ''): void {
    const begins = this.task !== task;
    if (begins) this.ended = false;
    this.task = task;
    if (done >= 1 && !this.ended) {
      this.ended = true;
      process.stderr.write(`${task}: done${note === '' ? '' : ` (${note})`}\n`);
    } else if (begins) {
      process.stderr.write(`${task} …\n`);
    }
  }

  stop(): void {
    this.task = undefined;
  }
}

const SILENT: Progress = { update: () => undefined, stop: () => undefined };

export function createProgress(json: boolean): Progress {
  if (json) return SILENT;
  return process.stderr.isTTY ? new BarProgress() : new LineProgress();
}
