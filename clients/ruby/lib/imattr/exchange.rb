# frozen_string_literal: true

require_relative "answer"
require_relative "call"
require_relative "clock"
require_relative "connection"
require_relative "errors"
require_relative "interrupts"
require_relative "request"

module IMAttr
  # Sends requests and brings their answers, connecting anew where that is needed.
  #
  # Callers wait in #wait, and one of them, the leader, reads for all; when it has what it waits for, another one takes
  # its place. So no thread is woken that could have read for itself, and no thread is needed but in rare cases.
  # Callers hold interrupts off (see Interrupts); they are let through wherever a thread waits.
  class Exchange
    SHUTTING_DOWN = -32_004
    FIRST_PAUSE = 0.05
    LAST_PAUSE = 1
    # More chunks than a socket holds.
    ARRIVED = 256

    attr_reader :path

    def initialize(path)
      @path = path
      begin_anew
    end

    # Sends a request for the first time, or ends it at once.
    def start(request)
      begin_anew unless @process == Process.pid
      @lock.synchronize do
        @open[request] = true
        request.call.open << request
        if @closed
          finish(request, Cancelled.new)
        elsif Clock.now >= request.deadline
          finish(request, DeadlineExceeded.new)
        else
          place(request)
        end
      end
    end

    # Waits for the next of a call's requests to end; nil if none is open, and then whoever pumps it must end.
    def wait(call)
      @lock.synchronize do
        until (request = call.ended.shift)
          if call.open.empty?
            call.pumped = false
            break
          end

          @leader ||= call
          @leader.equal?(call) ? lead(call) : follow(call)
          expire(call)
        end
        request
      ensure
        @leader = nil if @leader.equal?(call)
        @followers.first&.wake unless @leader
      end
    end

    # Lets a thread take all that ends, until nothing is open, if none does so yet. The block gets each request.
    def pump(call, &block)
      return if @lock.synchronize { call.pumped.tap { call.pumped = true } }

      Interrupts.thread do
        while (request = wait(call))
          block.call(request)
        end
      end
    end

    # Gives up what is open of a call.
    def withdraw(call)
      @lock.synchronize do
        call.open.dup.each do |request|
          cancel(request)
          finish(request, Cancelled.new)
        end
      end
    end

    # Ends all that waits, and all that comes.
    def close
      @lock.synchronize do
        @closed = true
        @open.keys.each { |request| finish(request, Cancelled.new) }
        [@connection, *@draining].compact.each { |connection| drop(connection) }
      end
    end

    private

    # Also after a fork: what the parent has in flight, it will be answered itself.
    def begin_anew
      @process = Process.pid
      @lock = Thread::Mutex.new
      @open = {}.compare_by_identity
      @waiting = []
      @draining = []
      @followers = []
      @leader = @connection = @trouble = nil
      @connected = @closed = false
      @latest_id = @attempts = @connect_at = 0
    end

    # Waiting

    def lead(call)
      if (connection = @connection)
        receive(connection) if connection.wait_readable(call.due)
      elsif @waiting.any?
        call.sleep(@lock, [@connect_at, call.due].min)
        connect_when_due
      else # what there is has been put off, or is read by another thread
        @leader = nil
        follow(call)
      end
    end

    def follow(call)
      @followers << call
      call.sleep(@lock, call.due)
    ensure
      @followers.delete(call)
    end

    # Does what is due for a call's requests.
    def expire(call)
      now = Clock.now
      late = -> { call.open.select { |request| request.due <= now } }
      # This process may not have run when the answers came.
      late.call.filter_map(&:connection).uniq.each { |connection| receive_all(connection) }
      late.call.each do |request|
        if request.connection
          cancel(request)
          finish(request, DeadlineExceeded.new)
        elsif request.resume_at && now < request.deadline
          request.resume_at = nil
          repeat([request])
        else
          finish(request, lost)
        end
      end
    end

    # Sending

    # Sends a request if there is a connection, or can be one at once; else the request waits for one.
    def place(request)
      if @connection&.idle? && (trouble = look_while_idle(@connection))
        lose(@connection, trouble)
      end
      if @connection
        put(request)
      else
        @waiting << request
        connect_when_due
      end
    end

    def put(request)
      request.connection = @connection
      request.id = @latest_id += 1
      @connection.requests[request.id] = request
      @connection.write(request.line)
      request.call.wake unless @leader # one of them has to read
    end

    def cancel(request)
      request.connection&.write(
        "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{\"id\":#{request.id}}}\n")
    end

    # Sends again what was not answered, if there is time left.
    def repeat(requests)
      requests.each do |request|
        request.connection = nil
        if Clock.now >= request.deadline
          finish(request, lost)
        elsif @connection
          put(request)
        else
          @waiting << request
        end
      end
      connect_when_due
    end

    # Connecting

    # Connects for what waits, if anything does. If that has been put off, one of the callers sees to it.
    def connect_when_due
      return if @connection || @waiting.empty?
      return connect if Clock.now >= @connect_at

      @waiting.each { |request| request.call.wake }
    end

    # Makes a connection for what waits, and sends it.
    def connect
      @waiting.reject!(&:ended?)
      return if @waiting.empty?

      begin
        @connection = Connection.new(@path, @lock)
      rescue SystemCallError => e
        return cannot_connect(e)
      end
      @connected = true
      waiting, @waiting = @waiting, []
      waiting.each { |request| put(request) }
    end

    # Tries again later if the daemon may come back, or ends what waits.
    def cannot_connect(error)
      gone = error.is_a?(Errno::ENOENT) || error.is_a?(Errno::ECONNREFUSED)
      if error.is_a?(Errno::EAGAIN) || (@connected && gone)
        @trouble = error
        @attempts = [@attempts, 1].max
        put_off_connecting
        connect_when_due
      else
        waiting, @waiting = @waiting, []
        waiting.each { |request| finish(request, Unreachable.new(@path, error)) }
      end
    end

    # To be called for each connection that has ended and each that could not be made: what follows one that had been of
    # use is made at once, and then ever later: after 50 ms, 100 ms, … up to 1 s, and up to a quarter more at random, so
    # that the callers of a daemon that was restarted do not all come back at once.
    def put_off_connecting
      pause = @attempts.zero? ? 0 : [FIRST_PAUSE * 2**[@attempts - 1, 10].min, LAST_PAUSE].min
      @connect_at = Clock.now + pause * (1 + rand / 4)
      @attempts += 1
    end

    def lost
      Lost.new("imattrd at #{@path} went away and did not come back in time: #{@trouble.message}")
    end

    # Reading

    # Takes what has come on a connection, at most one chunk; returns whether there was something.
    def receive(connection)
      return false if connection.closed?

      connection.read { |line| take(connection, line) }
    rescue ProtocolError, Refused, DeadlineExceeded => e
      requests = drop(connection)
      requests.each { |request| finish(request, e.dup) }
      false
    rescue EOFError, SystemCallError => e
      repeat(lose(connection, e))
      false
    end

    # Takes all that has come by now, but not for ever what goes on coming.
    def receive_all(connection)
      ARRIVED.times { break unless receive(connection) }
    end

    # Gives a line to the request that waits for it. Raises ProtocolError, and what is refused for the whole connection.
    def take(connection, line)
      return if line.strip.empty?

      answer = Answer.new(line)
      raise answer.refusal unless answer.id

      @attempts = 0
      request = connection.requests[answer.id]
      if !request # it was given up
        nil
      elsif !answer.refusal
        request.succeed(answer.result)
        finish(request)
      elsif answer.refusal.code == SHUTTING_DOWN
        postpone(request, answer.refusal)
      else
        finish(request, answer.refusal)
      end
    end

    # Sees to what has come while no call read: second answers can be ignored, but the connection may have ended. Returns
    # why the connection cannot be used; nil if it can.
    def look_while_idle(connection)
      nil while connection.read { |line| take(connection, line) }
      connection.broken? ? Errno::EPIPE.new : nil
    rescue ProtocolError, Refused, DeadlineExceeded, EOFError, SystemCallError => e
      e
    end

    # Puts off what a daemon refuses because it is shutting down. Its connection takes no others, but what is in flight
    # there will still be answered.
    def postpone(request, refusal)
      @trouble = refusal
      retire(request.connection)
      release(request)
      request.resume_at = Clock.now + [refusal.retry_after || 0, FIRST_PAUSE].max # never at once, whatever the daemon says
      request.call.wake
    end

    def retire(connection)
      return unless @connection.equal?(connection)

      @connection = nil
      @draining << connection
      return if connection.requests.size == 1 # that which was refused

      Interrupts.thread do
        @lock.synchronize do
          receive(connection) if connection.wait_readable until connection.closed?
        end
      end
    end

    # Ending

    def finish(request, error = nil)
      return if @open.delete(request).nil?

      request.fail(error) if error
      release(request)
      request.call.open.delete(request)
      request.call.ended << request
      request.call.wake
    end

    # Takes a request off its connection.
    def release(request)
      return unless (connection = request.connection)

      request.connection = nil
      connection.requests.delete(request.id)
      drop(connection) if connection.idle? && @draining.include?(connection)
    end

    # Closes a connection that has ended and returns what was in flight on it.
    def lose(connection, trouble)
      @trouble = trouble
      put_off_connecting if @connection.equal?(connection)
      drop(connection)
    end

    # Closes a connection and returns what was in flight on it.
    def drop(connection)
      @connection = nil if @connection.equal?(connection)
      @draining.delete(connection)
      connection.close
      requests = connection.requests.values
      connection.requests.clear
      requests.each { |request| request.connection = nil }
    end
  end
end
