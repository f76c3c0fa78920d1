import { CancellationScope, condition, setHandler } from '@temporalio/workflow';
import { pauseWork, resumeWork } from './messages.js';

/** Background work that people can hold up: between two steps it stops while it is paused, and ends where it was cancelled. */
export class Pausable {
  /** @param onChange called when it was paused or goes on, to show that. */
  constructor(
    private isPaused: boolean,
    private readonly onChange: () => void,
  ) {
    setHandler(pauseWork, () => this.set(true));
    setHandler(resumeWork, () => this.set(false));
  }

  get paused(): boolean {
    return this.isPaused;
  }

  /** Resolves when the next step may begin. @throws CancelledFailure when none may. */
  async nextStep(): Promise<void> {
    await condition(() => !this.isPaused);
  }

  /** Does a step to its end, whatever is asked for meanwhile. */
  step<T>(work: () => Promise<T>): Promise<T> {
    return CancellationScope.nonCancellable(work);
  }

  private set(paused: boolean): void {
    if (this.isPaused === paused) return;
    this.isPaused = paused;
    this.onChange();
  }
}
