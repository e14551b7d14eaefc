# A fan with a threshold: pure logic, so that it runs anywhere.


class Fan:
    def __init__(self, threshold):
        self.threshold = threshold
        self.running = False

    def measured(self, temperature):
        # Half a degree of hysteresis, or it would chatter.
        if temperature >= self.threshold:
            self.running = True
        elif temperature < self.threshold - 0.5:
            self.running = False
        return self.running
