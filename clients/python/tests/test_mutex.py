import gc
import signal
import threading
import unittest

from imattr._mutex import Mutex


class MutexTest(unittest.TestCase):
    def setUp(self):
        self.mutex = Mutex()
        self.done = []

    def test_soon_is_now_if_the_lock_is_free(self):
        self.mutex.soon(lambda: self.done.append(self.mutex.lock.acquire(False)))
        self.assertEqual(self.done, [False])
        self.assertTrue(self.mutex.lock.acquire(False))

    def test_soon_is_right_after_the_lock_is_released(self):
        with self.mutex.lock:
            self.mutex.soon(lambda: self.done.append(1))
            self.mutex.soon(lambda: self.mutex.soon(lambda: self.done.append(2)))
            self.assertEqual(self.done, [])
        self.mutex.catch_up()
        self.assertEqual(self.done, [1, 2])

    def test_a_signal_handler_does_not_wait_for_the_thread_that_it_interrupts(self):
        old = signal.signal(signal.SIGUSR1, lambda *_: self.mutex.soon(lambda: self.done.append("signal")))
        self.addCleanup(signal.signal, signal.SIGUSR1, old)
        with self.mutex.lock:
            signal.raise_signal(signal.SIGUSR1)
            self.assertEqual(self.done, [])
        self.mutex.catch_up()
        self.assertEqual(self.done, ["signal"])

    def test_neither_does_a_finalizer(self):
        mutex, done = self.mutex, self.done

        class Garbage:
            def __init__(self):
                self.itself = self

            def __del__(self):
                mutex.soon(lambda: done.append("finalizer"))

        Garbage()
        with mutex.lock:
            gc.collect()
        mutex.catch_up()
        self.assertEqual(self.done, ["finalizer"])

    def test_many_threads_lose_no_action(self):
        def work():
            for _ in range(2000):
                self.mutex.soon(lambda: self.done.append(1))
                with self.mutex.lock:
                    pass
                self.mutex.catch_up()

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(self.done), 16000)


if __name__ == "__main__":
    unittest.main()
