# frozen_string_literal: true

require "io/wait"
require "socket"
require_relative "interrupts"

module IMAttr
  # A socket and the requests that are in flight on it. The exchange's lock guards it; nothing waits for the daemon while
  # it holds that.
  class Connection
    # How many bytes an answer may have.
    MAXIMUM_LINE = 256 << 20
    CHUNK = 64 << 10

    # By their ids.
    attr_reader :requests

    # Connecting to a Unix socket succeeds or fails at once; may raise SystemCallError.
    def initialize(path, lock)
      @lock = lock
      @socket = Socket.new(:UNIX, :STREAM)
      connect(path)
      @requests = {}
      @rest = +""
      @chunk = +""
      @waiting = 0
    end

    def closed? = @closed
    # Whether nothing can be sent any more. What is put here then is repeated after the end, which is still to be read.
    def broken? = @broken
    def idle? = @requests.empty?

    # Sends a line without ever waiting: what the socket does not take at once is sent by a thread.
    def write(line)
      return if @broken

      if @unsent
        @unsent << line
      elsif (rest = written(line))
        @unsent = rest
        Interrupts.thread { write_rest }
      end
    end

    # Waits, with the lock let go, until there is something to read, or until the time if one is given.
    def wait_readable(time = nil)
      unlocked { @socket.wait_readable(time && [time - Clock.now, 0].max) }
    end

    # Yields the lines that have come; returns false if nothing has. Raises EOFError or SystemCallError at the end, and
    # ProtocolError if a line is too long.
    def read
      case @socket.read_nonblock(CHUNK, @chunk, exception: false)
      when :wait_readable then return false
      when nil then raise EOFError, "the connection was closed"
      end
      @chunk.each_line("\n") do |piece|
        @rest << piece
        raise ProtocolError, "an answer of more than 256 MiB" if @rest.bytesize > MAXIMUM_LINE + 2
        next unless piece.end_with?("\n")

        line, @rest = @rest, +""
        yield line
      end
      true
    end

    # A thread that waits for the socket notices.
    def close
      return if @closed

      @closed = true
      @socket.shutdown
    rescue SystemCallError
      nil # the daemon has closed it already
    ensure
      @socket.close if @waiting.zero?
    end

    private

    def connect(path)
      @socket.connect_nonblock(Socket.sockaddr_un(path))
    rescue ArgumentError
      @socket.close
      raise Errno::ENAMETOOLONG
    rescue SystemCallError
      @socket.close
      raise
    end

    # Writes what the socket takes, and returns the rest; nil if there is none, or if the connection has ended. Then what
    # the daemon had to say before that can still be read.
    def written(line)
      line = line.b
      until line.empty?
        count = @socket.sendmsg_nonblock(line, Socket::MSG_NOSIGNAL, exception: false)
        return line if count == :wait_writable

        line = line.byteslice(count..)
      end
      nil
    rescue SystemCallError
      @broken = true
      nil
    end

    def write_rest
      @lock.synchronize do
        while @unsent && !@closed
          unlocked { @socket.wait_writable }
          @unsent = written(@unsent) unless @closed
        end
      end
    end

    def unlocked(&)
      @waiting += 1
      @lock.unlock
      begin
        Interrupts.allowed(&)
      ensure
        @lock.lock
        @waiting -= 1
        @socket.close if @closed && @waiting.zero?
      end
    end
  end
end
