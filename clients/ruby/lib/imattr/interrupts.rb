# frozen_string_literal: true

module IMAttr
  # Timeout.timeout, Thread#raise and Thread#kill can strike between any two steps. Here they wait until the thread waits,
  # so that no answer is lost half way.
  module Interrupts
    def self.held(&) = Thread.handle_interrupt(Object => :never, &)
    def self.allowed(&) = Thread.handle_interrupt(Object => :immediate, &)

    # A thread for work beside the callers'. It ends with the program.
    def self.thread(&work)
      Thread.new do
        Thread.current.name = "imattr"
        held(&work)
      end
    end
  end
end
