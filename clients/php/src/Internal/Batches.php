<?php

declare(strict_types=1);

namespace IMAttr\Internal;

/** @internal Reads accounts in batches, and none before it is wanted. */
final class Batches
{
    /** Whether nothing more will come. */
    public bool $isOver = false;

    private readonly \Iterator $accounts;
    private int $index = -1;

    public function __construct(iterable $accounts, private readonly int $size)
    {
        $traversable = is_array($accounts) ? new \ArrayIterator($accounts) : $accounts;
        $this->accounts = $traversable instanceof \Iterator ? $traversable : new \IteratorIterator($traversable);
    }

    /** @return ?list<string> The next batch, not empty; null if the input has ended. */
    public function next(): ?array
    {
        $batch = [];
        while (count($batch) < $this->size && $this->advance()) {
            $account = $this->accounts->current();
            Arguments::checkAccount($account, $this->index);
            $batch[] = $account;
        }
        return $batch === [] ? null : $batch;
    }

    private function advance(): bool
    {
        if (!$this->isOver) {
            $this->index++;
            $this->index === 0 ? $this->accounts->rewind() : $this->accounts->next();
            $this->isOver = !$this->accounts->valid();
        }
        return !$this->isOver;
    }
}
