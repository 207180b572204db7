# frozen_string_literal: true

module IMAttr
  VERSION = "0.1.0"
end
