import { kafkaRoad } from "./kafka-road.js";

kafkaRoad("the services of docker-compose.yml over Kafka");
